import type { ToldTime } from './told-time';

/**
 * Everything that our mails say, in one place: another language is another object of this type. The tone is the handbook's
 * "Conversation style": warm and short, neither robots nor corporate lawyers. `**…**` is set in bold.
 */
export interface Sentences {
  /** BCP 47. */
  readonly language: string;
  hello(name: string | null): string;
  /** Sender of automatic mail when the policy names none. */
  readonly desk: string;
  /** Sender of an agent's mail. */
  sender(agent: string, desk: string | null): string;
  /** Subject when the request has none, or when its words must not be repeated. */
  readonly plainSubject: string;
  readonly promiseLabel: string;
  /** Below every automatic mail. */
  footer(number: number): string;
  /** Below what a person wrote. */
  letterFooter(number: number): string;
  readonly demo: string;
  readonly receipt: {
    readonly headline: string;
    open(number: number): string;
    closed(number: number, opens: ToldTime | null): string;
    readonly onCallTold: string;
    readonly urgent: string;
    readonly downLead: string;
    readonly down: string;
  };
  readonly feedback: {
    workingOnIt(update: ToldTime | null): string;
    whenOpen(opens: ToldTime | null): string;
    due(due: ToldTime): string;
  };
  readonly solved: { readonly headline: string; readonly body: string; readonly thanks: string };
  readonly reminder: { readonly headline: string; readonly body: string; readonly orDone: string; readonly done: string };
  readonly converted: { readonly headline: string; body(number: number): string };
  readonly beRightBack: string;
  update(update: ToldTime): string;
  readonly closingQuestion: { readonly ask: string; readonly thatsAll: string; readonly somethingElse: string };
  readonly chatUnseen: string;
}

/** English. */
export const ENGLISH: Sentences = {
  language: 'en',
  hello: (name) => (name === null ? 'Hello,' : `Hi ${name},`),
  desk: 'Support',
  sender: (agent, desk) => (desk === null ? agent : `${agent} at ${desk}`),
  plainSubject: 'Your request',
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
    headline: 'Your chat goes on by mail',
    body: (number) =>
      `This needs a closer look than a chat allows, so we’ve made it ticket **#${number}**. Nothing is lost: we have everything that you wrote.`,
  },
  beRightBack: 'I’ll go and check this and be right back.',
  update: (update) => `You’ll hear from us by **${update.text}**.`,
  closingQuestion: { ask: 'Is there anything else I can help you with?', thatsAll: 'No, that’s all', somethingElse: 'There is something else' },
  chatUnseen: 'You had left our chat before I could answer, so here’s what I wrote:',
};
