import { languageFor, languageOf } from '../../activities/mail/language';
import { tellTime } from '../../activities/mail/told-time';
import type { MailSource } from '../../db/mail-source';
import { FRIDAY_EVENING, MONDAY_OPENING, sourceOf } from './mail-fixtures';

test.each([
  ['Guten Morgen, unser Shop ist nicht zu erreichen.', 'de'],
  ['Können Sie bitte nachsehen?', 'de'],
  ['Hallo, das hier steht im Log: the connection to the server was refused and will not be tried again', 'de'],
  ['Hi, since this morning our shop is down. Can you help?', 'en'],
  ['Please have a look at the server', 'en'],
  // Neither of these says enough.
  ['c042 503', null],
  ['', null],
  ['Bonjour, notre site ne répond plus depuis ce matin.', null],
  ['Error: connection refused at /var/www/index.php:12', null],
  ['Danke: "the connection was refused"', null],
] as const)('%j is written in %j', (text, language) => {
  expect(languageOf(text)).toBe(language);
});

test('what somebody has chosen comes first, then what they write, then where they were signed in', () => {
  const source = (recipient: Partial<MailSource['recipient']>) => sourceOf({ recipient });
  const german = 'Guten Tag, das ist nicht gut.';
  expect(languageFor(source({ locale: 'en', ownWords: german }))).toBe('en');
  expect(languageFor(source({ locale: null, ownWords: german, pageLocale: 'en' }))).toBe('de');
  expect(languageFor(source({ ownWords: '503', pageLocale: 'de' }))).toBe('de');
  expect(languageFor(source({}))).toBe('en');
});

test('times in German', () => {
  expect(tellTime(FRIDAY_EVENING, 'Europe/Berlin', 'de').text).toBe('Freitag, 27. März, 20:30 Uhr (Zeit in Berlin, MEZ)');
  expect(tellTime(MONDAY_OPENING, 'Europe/Vienna', 'de').text).toBe('Montag, 30. März, 08:00 Uhr (Zeit in Wien, MESZ)');
  expect(tellTime(MONDAY_OPENING, 'America/New_York', 'de').text).toBe('Montag, 30. März, 02:00 Uhr (Zeit in New York, GMT-4)');
  expect(tellTime(MONDAY_OPENING, 'UTC', 'de').text).toBe('Montag, 30. März, 06:00 Uhr (UTC)');
});
