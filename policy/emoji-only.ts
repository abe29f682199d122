/** More of them are a picture of their own, and stay small. */
const AT_MOST = 5;
/** Beyond this many UTF-16 units nothing is looked at: five families with skin tones are shorter. */
const LONGEST = 200;

const TONE = '(?:\\ufe0f|\\p{Emoji_Modifier})?';
/** What is an emoji by itself; signs such as © only when they are asked to be one. Source: UTS #51, 1.4.9. */
const PICTURE = `(?![\\u00a9\\u00ae\\u2122](?!\\ufe0f))\\p{Extended_Pictographic}(?!\\ufe0e)${TONE}`;
const FLAG = '\\p{Regional_Indicator}{2}';
const KEYCAP = '[0-9#*]\\ufe0f?\\u20e3';
/** The flags of England, Scotland and Wales are spelled in tags. */
const TAGS = '(?:[\\u{e0020}-\\u{e007e}]+\\u{e007f})?';
const ONE = `(?:${FLAG}|${KEYCAP}|${PICTURE}${TAGS}(?:\\u200d${PICTURE})*)`;
const ONLY = new RegExp(`^\\s*${ONE}(?:\\s*${ONE}){0,${AT_MOST - 1}}\\s*$`, 'u');

/** Whether a message is nothing but one to five emojis, which chats show enlarged (handbook: "Conversation style"). */
export function isEmojiOnly(text: string): boolean {
  return text.length <= LONGEST && ONLY.test(text);
}
