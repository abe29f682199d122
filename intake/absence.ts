/** How far into a mail we read: such replies say at once what they are. */
const BEGINNING = 1_200;

/** What programs write in the subject when nobody is there; anchored, because people write about absences too. */
const LABEL = [
  'auto',
  'auto(matic|mated)?[ -]?(re(ply|sponse))',
  'auto-?antwort',
  'autom(atische|\\.) antwort',
  "((i am|i'm|i’m) )?(currently |temporarily )?out of (the )?office( (auto[ -]?reply|reply|message|notification|notice))?",
  'ooo',
  'vacation( (re(ply|sponse)|message|notice))?',
  'away( from (the )?(office|my (mail|desk)))?( message| notice)?',
  'on (vacation|holiday|leave|annual leave|parental leave|maternity leave)',
  'absence( notice| notification)?',
  'abwesend( (bis|vom) [^:]{1,40})?',
  'abwesenheit(s ?-?(notiz|nachricht|meldung|mitteilung|benachrichtigung|assistent|info(rmation)?|hinweis|antwort))?( (bis|vom) [^:]{1,40})?',
  'urlaub(sabwesenheit|snotiz|smeldung|sbenachrichtigung)?',
  '(ich bin )?(derzeit |zurzeit |momentan |aktuell )?(nicht im büro|außer haus|ausser haus|im urlaub)',
].join('|');

/** The label before the subject that it answers: `Automatic reply: Shop is slow`. */
const BEFORE_SUBJECT = new RegExp(`^\\s*(${LABEL})\\s*(:|\\bre:|\\baw:|-\\s+re:|\\[re)`, 'i');
/** The label in the subject's place. */
const INSTEAD_OF_SUBJECT = new RegExp(`^\\s*((re|aw):\\s*)?(${LABEL})\\s*[!.]?\\s*$`, 'i');

/** What such a reply says of itself, in the words of its absent author or of the program. Every span is bounded: strangers choose the text. */
const SAYS = new RegExp(
  [
    "\\b((i am|i'm|i’m|i will be|i'll be|we are) )[^\\n.]{0,40}\\b(out of (the )?office|away|on ([a-z]+ )?(leave|vacation|holidays?)|travell?ing|not in the office|unavailable|absent)",
    '\\bis (currently )?(out of (the )?office|away|on (leave|vacation|holidays?))',
    '\\b(limited|no|sporadic) access to (my )?(e-?mails?|messages)',
    '\\bwill (return|be back) (on|to the office|in the office|at the office)',
    '\\ban? (automat(ed|ic)|auto-?generated) (re(ply|sponse)|message|e-?mail)',
    '\\b(message|e-?mail|mail) (was|is|has been) (sent |generated |created )?automatically',
    '\\bich bin [^\\n]{0,80}\\b(nicht (im büro|am arbeitsplatz|im hause?|erreichbar|verfügbar|da)\\b|abwesend|außer haus|ausser haus|im urlaub|in elternzeit|auf dienstreise)',
    '\\bich befinde mich [^\\n]{0,80}\\b(im urlaub|in elternzeit|auf (dienst|geschäfts)reise|nicht im büro|außer haus|ausser haus)',
    '\\b(e-?mail|mail|nachricht)(en|s)? (wird|werden) (in dieser zeit )?nicht (gelesen|bearbeitet|weitergeleitet)',
    '\\bwieder (erreichbar|im büro|für sie da|zurück)',
    '\\b(automatisch (generiert|erzeugt|erstellt|versendet)|automatische(n)? (antwort|nachricht|e-?mail|abwesenheit))',
  ].join('|'),
  'i',
);

/**
 * Whether a mail without any telling header is a vacation reply or the like, in English or German: its subject is a label that programs
 * write, before the subject that it answers or in its place, and its first words say so too. Either alone is something that people write,
 * and so is a bare label on a mail that `answers` none.
 */
export function isAbsence({ subject, text, answers }: { subject: string; text: string; answers: boolean }): boolean {
  const labelled = BEFORE_SUBJECT.test(subject) || (answers && INSTEAD_OF_SUBJECT.test(subject));
  return labelled && SAYS.test(text.slice(0, BEGINNING));
}
