import type { Sentences } from './sentences';

/** What our mails say in German. */
export const GERMAN: Sentences = {
  language: 'de',
  hello: (name) => (name === null ? 'Guten Tag,' : `Hallo ${name},`),
  desk: 'Support',
  sender: (agent, desk) => (desk === null ? agent : `${agent} von ${desk}`),
  plainSubject: 'Ihre Anfrage',
  plainChatSubject: 'Ihr Chat mit uns',
  promiseLabel: 'Sie hören von uns bis',
  footer: (number) => `Ihre Anfrage ist #${number}. Um uns dazu zu schreiben, antworten Sie einfach auf diese Mail.`,
  letterFooter: (number) => `#${number} · Antworten Sie einfach auf diese Mail, dann haben wir es.`,
  demo: 'Diese Mail gehört zu einer Vorführung: Ihre Zeiten sind verkürzt, und kein Kunde hat etwas gefragt.',
  receipt: {
    headline: 'Ihre Nachricht ist bei uns',
    open: (number) => `Danke für Ihre Nachricht! Ihre Anfrage ist **#${number}**. Jemand von uns sieht sie sich an und meldet sich bei Ihnen.`,
    closed: (number, opens) =>
      opens === null
        ? `Danke für Ihre Nachricht! Ihre Anfrage ist **#${number}**. Unser Büro ist gerade geschlossen.`
        : `Danke für Ihre Nachricht! Ihre Anfrage ist **#${number}**. Unser Büro ist gerade geschlossen; es öffnet wieder am ${opens.text}.`,
    onCallTold: 'Unsere Bereitschaft weiß schon Bescheid und sagt Ihnen in Kürze, wie es weitergeht.',
    urgent: 'Wir behandeln sie als dringend.',
    downLead: 'Ist Ihre Produktivseite ausgefallen oder unbenutzbar? Dann warten Sie bitte nicht:',
    down: 'Produktion ausgefallen? Jetzt Bescheid sagen',
  },
  feedback: {
    workingOnIt: (update) =>
      update === null
        ? 'Nur damit Sie es wissen: Ich habe Bereitschaft und arbeite gerade daran. Ich melde mich, sobald ich mehr weiß.'
        : `Nur damit Sie es wissen: Ich habe Bereitschaft und arbeite gerade daran. Sie hören bis **${update.text}** wieder von mir.`,
    whenOpen: (opens) =>
      opens === null
        ? 'Ich habe Bereitschaft und Ihre Nachricht gelesen. Sie ist in guten Händen: Wir kümmern uns darum, sobald unser Büro öffnet.'
        : `Ich habe Bereitschaft und Ihre Nachricht gelesen. Sie ist in guten Händen: Wir kümmern uns darum, wenn unser Büro am **${opens.text}** öffnet.`,
    due: (due) => `Wie versprochen hören Sie bis **${due.text}** von uns. Wird es vorher schlimmer, antworten Sie einfach auf diese Mail.`,
  },
  solved: {
    headline: 'Das ist erledigt, glauben wir',
    body: 'Wir haben Ihre Anfrage als erledigt vermerkt. Stimmt doch noch etwas nicht, antworten Sie einfach auf diese Mail, und wir machen da weiter, wo wir aufgehört haben.',
    thanks: 'Danke für Ihre Geduld und alles Gute!',
  },
  reminder: {
    headline: 'Wir warten noch auf Ihre Antwort',
    body: 'Wir haben Sie zu Ihrer Anfrage etwas gefragt und kommen ohne Ihre Antwort nicht weiter. Es eilt nicht: Antworten Sie einfach auf diese Mail, wann es Ihnen passt.',
    orDone: 'Hat es sich schon erledigt? Dann genügt ein Klick:',
    done: 'Hat sich erledigt, danke',
  },
  converted: {
    headline: 'Ihr Chat ist jetzt ein Ticket',
    body: (number) =>
      `Das braucht mehr Zeit, als ein Chat erlaubt. Darum ist jetzt das Ticket **#${number}** daraus geworden. Nichts geht verloren: Wir haben alles, was Sie geschrieben haben.`,
    next: 'Den Chat brauchen Sie nicht offen zu lassen. Unsere Antwort kommt per Mail und steht auch im Chat. Fällt Ihnen noch etwas ein, antworten Sie einfach auf diese Mail.',
    look: 'Ihr Ticket ansehen',
  },
  beRightBack: 'Ich sehe mir das an und bin gleich wieder da.',
  update: (update) => `Sie hören bis **${update.text}** von uns.`,
  closingQuestion: { ask: 'Kann ich sonst noch etwas für Sie tun?', thatsAll: 'Nein, das war alles', somethingElse: 'Ja, ich habe noch etwas' },
  chatUnseen: {
    intro: (author) =>
      author === null
        ? 'Sie hatten unseren Chat schon verlassen, bevor wir antworten konnten. Das haben wir geschrieben:'
        : 'Sie hatten unseren Chat schon verlassen, bevor ich antworten konnte. Das habe ich geschrieben:',
    answer: 'So geht es weiter: Antworten Sie einfach auf diese Mail, oder kommen Sie zurück in den Chat. Es steht so oder so alles an einem Ort.',
    answerOnly: 'So geht es weiter: Antworten Sie einfach auf diese Mail. Ihre Antwort steht dann auch im Chat.',
    goOn: 'Zurück in den Chat',
    notAttached: (names) => `Zu groß für diese Mail: ${names.join(', ')}`,
    filesInChat: 'Was zu groß für diese Mail war, liegt für Sie im Chat bereit.',
    filesOnRequest:
      'Was zu groß für diese Mail war, liegt im Chat. Wenn Sie dort nicht mehr hinkommen, antworten Sie einfach, und schreiben Sie uns, wie wir es Ihnen schicken sollen.',
  },
  csat: {
    headline: 'Wie war es?',
    body: (number) => `Ihre Anfrage **#${number}** ist erledigt. Wie war unsere Hilfe? Ein Klick genügt.`,
    good: '👍 Gut',
    bad: '👎 Nicht gut',
    thanks: 'Mehr möchten wir nicht wissen, und wir fragen nur dieses eine Mal. Vielen Dank!',
  },
  transcript: {
    headline: 'Was wir uns geschrieben haben',
    intro: (number) => `Wie gewünscht ist hier alles, was bisher zu **#${number}** geschrieben wurde.`,
    you: 'Sie',
    desk: 'Support',
    someone: 'Jemand anderes',
    files: (names) => `Angehängt: ${names.join(', ')}`,
    leftOut: (count) => (count === 1 ? 'Eine ältere Nachricht fehlt hier.' : `${count} ältere Nachrichten fehlen hier.`),
    empty: 'Bisher wurde nichts geschrieben.',
    look: 'Online ansehen, mit allen Dateien',
    event: (event, number) => {
      switch (event) {
        case 'converted':
          return `Aus dem Chat wurde das Ticket #${number}`;
        case 'solved':
          return 'Erledigt';
        case 'reopened':
          return 'Wieder aufgenommen';
        default:
          return event satisfies never;
      }
    },
  },
  filesOnly: '(eine Datei)',
};
