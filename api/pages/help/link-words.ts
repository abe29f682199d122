import type { Locale } from '../../../db/visitors';
import type { Priority } from '../../../policy/words';

/** What the pages behind mailed links say, in one language. */
export interface LinkWords {
  readonly title: string;
  readonly closed: string;
  readonly writeAgain: string;
  readonly down: { readonly title: string; readonly lead: string; readonly yes: string; readonly else: string };
  readonly thatsAll: { readonly title: string; readonly lead: string; readonly button: string; done(number: number): string; readonly after: string };
  readonly more: { readonly title: string; readonly label: string; readonly send: string; readonly done: string; after(number: number): string };
  readonly told: {
    readonly thanks: string;
    readonly known: string;
    when(time: string): string;
    underWay(number: number): string;
    is(number: number, priority: Priority): string;
    readonly paging: string;
    readonly acknowledged: string;
    readonly team: string;
    readonly hear: string;
    readonly tellMore: string;
  };
}

/** The words of each language. */
export const LINK_WORDS: Readonly<Record<Locale, LinkWords>> = {
  en: {
    title: 'Your request',
    closed: 'This request is closed',
    writeAgain: 'Just write to us again, and we’ll be there.',
    down: {
      title: 'Is production down?',
      lead: 'If your production application is completely down or unusable, tell us here. We’ll treat your request as urgent, day and night.',
      yes: 'Yes, production is down',
      else: 'Anything else can wait for our answer, or just answer our mail.',
    },
    thatsAll: {
      title: 'Is that all?',
      lead: 'Then we’ll mark your request as done. You can always come back to it by answering our mail.',
      button: 'No, that’s all',
      done: (number) => `Thank you. We’ve marked #${number} as done.`,
      after: 'If something is still not right, just answer our mail, and we’ll pick it up again.',
    },
    more: {
      title: 'What else can we do for you?',
      label: 'Tell us, or just answer our mail',
      send: 'Send',
      done: 'Thank you, we’ve got it.',
      after: (number) => `Your words are with your request #${number} now, and we’ll write back by mail.`,
    },
    told: {
      thanks: 'Thank you for telling us.',
      known: 'We know already, thank you.',
      when: (time) => `You told us ${time}.`,
      underWay: (number) => `Your request #${number} is being made urgent this very moment.`,
      is: (number, priority) => `Your request #${number} is ${priority === 'urgent' ? 'urgent' : `of ${priority} priority`} now.`,
      paging: 'Our on-call engineer is being called.',
      acknowledged: 'Our on-call engineer knows and is on it.',
      team: 'Our team has been told.',
      hear: 'You’ll hear from us by',
      tellMore: 'Anything that may help us, just answer our mail.',
    },
  },
  de: {
    title: 'Ihre Anfrage',
    closed: 'Diese Anfrage ist abgeschlossen',
    writeAgain: 'Schreiben Sie uns einfach noch einmal, und wir sind da.',
    down: {
      title: 'Steht die Produktion still?',
      lead: 'Wenn Ihre Produktion ganz ausgefallen oder unbenutzbar ist, sagen Sie es uns hier. Wir behandeln Ihre Anfrage dann als dringend, Tag und Nacht.',
      yes: 'Ja, die Produktion steht still',
      else: 'Alles andere kann auf unsere Antwort warten, oder antworten Sie einfach auf unsere Mail.',
    },
    thatsAll: {
      title: 'Ist das alles?',
      lead: 'Dann vermerken wir Ihre Anfrage als erledigt. Mit einer Antwort auf unsere Mail können Sie jederzeit darauf zurückkommen.',
      button: 'Nein, das ist alles',
      done: (number) => `Danke. Wir haben #${number} als erledigt vermerkt.`,
      after: 'Wenn noch etwas nicht stimmt, antworten Sie einfach auf unsere Mail, und wir machen weiter.',
    },
    more: {
      title: 'Was können wir noch für Sie tun?',
      label: 'Sagen Sie es uns, oder antworten Sie einfach auf unsere Mail',
      send: 'Senden',
      done: 'Danke, ist angekommen.',
      after: (number) => `Ihre Worte stehen jetzt bei Ihrer Anfrage #${number}, und wir antworten per Mail.`,
    },
    told: {
      thanks: 'Danke, dass Sie es uns sagen.',
      known: 'Danke, wir wissen es schon.',
      when: (time) => `Sie haben es uns gesagt: ${time}.`,
      underWay: (number) => `Ihre Anfrage #${number} wird in diesem Augenblick dringend gemacht.`,
      is: (number, priority) =>
        `Ihre Anfrage #${number} ${priority === 'urgent' ? 'ist jetzt dringend' : `hat jetzt die Priorität „${PRIORITIES[priority]}“`}.`,
      paging: 'Unsere Rufbereitschaft wird gerade gerufen.',
      acknowledged: 'Unsere Rufbereitschaft weiß Bescheid und ist dran.',
      team: 'Unser Team weiß Bescheid.',
      hear: 'Sie hören von uns bis',
      tellMore: 'Was uns helfen kann, schreiben Sie einfach als Antwort auf unsere Mail.',
    },
  },
};

const PRIORITIES: Readonly<Record<Priority, string>> = { urgent: 'Dringend', high: 'Hoch', normal: 'Normal', low: 'Niedrig' };
