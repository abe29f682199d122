/** What is said for an agent who wants to be right back and says nothing else. */
export const BE_RIGHT_BACK_WORDS = 'I’ll go and check this and be right back.';

/** What is said for an agent who asks whether that was all. Source: the handbook, "Conversation style". */
export const CLOSING_WORDS = 'Is there anything else I can help you with?';

/** Words that no agent has typed: a mail says them in its own language. */
export const SAID_FOR_AGENTS: ReadonlySet<string> = new Set([BE_RIGHT_BACK_WORDS, CLOSING_WORDS]);
