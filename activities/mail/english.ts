import type { Sentences } from './sentences';

/** What our mails say in English. */
export const ENGLISH: Sentences = {
  language: 'en',
  hello: (name) => (name === null ? 'Hello,' : `Hi ${name},`),
  desk: 'Support',
  sender: (agent, desk) => (desk === null ? agent : `${agent} at ${desk}`),
  plainSubject: 'Your request',
  plainChatSubject: 'Your chat with us',
  promiseLabel: 'You’ll hear from us by',
  footer: (number) => `Your request is #${number}. To write to us about it, just answer this mail.`,
  letterFooter: (number) => `#${number} · Just answer this mail, and we’ll have it.`,
  demo: 'This mail is part of a demonstration: its times are shortened, and no customer has asked anything.',
  receipt: {
    headline: 'We’ve got your message',
    open: (number) => `Thanks for writing! Your request is **#${number}**, and one of us will look into it and get back to you.`,
    closed: (number, opens) =>
      opens === null
        ? `Thanks for writing! Your request is **#${number}**. Our office is closed right now.`
        : `Thanks for writing! Your request is **#${number}**. Our office is closed right now; it opens again on ${opens.text}.`,
    onCallTold: 'Our on-call engineer has been told already and will let you know shortly how we go on.',
    urgent: 'We’re treating it as urgent.',
    downLead: 'Is your production site down or unusable? Then please don’t wait:',
    down: 'Production down? Tell us now',
  },
  feedback: {
    workingOnIt: (update) =>
      update === null
        ? 'Just so you know: I’m on call and working on this right now. I’ll write again as soon as I know more.'
        : `Just so you know: I’m on call and working on this right now. You’ll hear from me again by **${update.text}**.`,
    whenOpen: (opens) =>
      opens === null
        ? 'I’m on call and have read your message. It’s in good hands: we’ll get to it as soon as our office opens.'
        : `I’m on call and have read your message. It’s in good hands: we’ll get to it when our office opens on **${opens.text}**.`,
    due: (due) => `As promised, you’ll hear from us by **${due.text}**. If it gets worse before then, just answer this mail.`,
  },
  solved: {
    headline: 'That’s settled, we think',
    body: 'We’ve marked your request as solved. If something is still not right, just answer this mail, and we’ll pick it up again where we left off.',
    thanks: 'Thanks for your patience, and all the best!',
  },
  reminder: {
    headline: 'We’re waiting for word from you',
    body: 'We asked you something about your request and can’t go on without your answer. No hurry: whenever it suits you, just answer this mail.',
    orDone: 'Settled already? Then one click will do:',
    done: 'It’s settled, thanks',
  },
  converted: {
    headline: 'Your chat is a ticket now',
    body: (number) =>
      `This needs a closer look than a chat allows, so we’ve made it ticket **#${number}**. Nothing is lost: we have everything that you wrote.`,
    next: 'You needn’t keep the chat open. Our answer comes by mail, and it’s in the chat as well; if you think of anything else, just answer this mail.',
    look: 'See your ticket',
  },
  beRightBack: 'I’ll go and check this and be right back.',
  update: (update) => `You’ll hear from us by **${update.text}**.`,
  closingQuestion: { ask: 'Is there anything else I can help you with?', thatsAll: 'No, that’s all', somethingElse: 'There is something else' },
  chatUnseen: {
    intro: (author) =>
      author === null
        ? 'You had left our chat before we could answer, so here’s what we wrote:'
        : 'You had left our chat before I could answer, so here’s what I wrote:',
    answer: 'To go on, just answer this mail, or come back to the chat. It’s all in one place either way.',
    answerOnly: 'To go on, just answer this mail. Your answer will be in the chat as well.',
    goOn: 'Back to the chat',
    notAttached: (names) => `Too large for this mail: ${names.join(', ')}`,
    filesInChat: 'What was too large for this mail is waiting for you in the chat.',
    filesOnRequest: 'What was too large for this mail is in the chat. If you can’t get there any more, just answer and tell us how to send it.',
  },
  csat: {
    headline: 'How was it?',
    body: (number) => `Your request **#${number}** is done. How was our help? One click tells us.`,
    good: '👍 Good',
    bad: '👎 Not good',
    thanks: 'That’s all we ask, and we ask only once. Thank you!',
  },
  transcript: {
    headline: 'What we wrote to each other',
    intro: (number) => `As you asked, here’s everything that was written about **#${number}** so far.`,
    you: 'You',
    desk: 'Support',
    someone: 'Someone else',
    files: (names) => `Attached: ${names.join(', ')}`,
    leftOut: (count) => (count === 1 ? 'One older message is left out here.' : `${count} older messages are left out here.`),
    empty: 'Nothing has been written yet.',
    look: 'See it online, with its files',
    event: (event, number) => {
      switch (event) {
        case 'converted':
          return `The chat became ticket #${number}`;
        case 'solved':
          return 'Marked as done';
        case 'reopened':
          return 'Taken up again';
        default:
          return event satisfies never;
      }
    },
  },
  filesOnly: '(a file)',
};
