import { DateTime, IANAZone } from 'luxon';
import type { MailLanguage } from './sentences';

/** A moment as a person is told it. */
export interface ToldTime {
  /** `Tuesday, 31 March` */
  readonly day: string;
  /** `10:00` */
  readonly time: string;
  /** `Berlin time, CEST` */
  readonly zone: string;
  /** All of it in one line: `Tuesday, 31 March, 10:00 (Berlin time, CEST)` */
  readonly text: string;
}

/** The zone in which someone is told times: their own, if we know a real one, else the desk's. */
export function zoneToTell(own: string | null, desk: string): string {
  return own !== null && IANAZone.isValidZone(own) ? own : desk;
}

/** How a language writes a moment; `short` is the zone's short name there, such as CEST. */
const MANNERS: Readonly<Record<MailLanguage, { locale: string; day: string; time: string; zone: (place: string, short: string) => string }>> = {
  en: { locale: 'en-GB', day: 'cccc, d LLLL', time: 'HH:mm', zone: (place, short) => [`${place} time`, short].filter((part) => part !== '').join(', ') },
  de: {
    locale: 'de-DE',
    day: 'cccc, d. LLLL',
    time: "HH:mm 'Uhr'",
    zone: (place, short) => [`Zeit in ${GERMAN_PLACES[place] ?? place}`, short].filter((part) => part !== '').join(', '),
  },
};

/** Places that zones are named after and that Germans call something else. */
const GERMAN_PLACES: Readonly<Record<string, string>> = {
  Athens: 'Athen',
  Belgrade: 'Belgrad',
  Brussels: 'Brüssel',
  Bucharest: 'Bukarest',
  Cairo: 'Kairo',
  Copenhagen: 'Kopenhagen',
  'Hong Kong': 'Hongkong',
  Kyiv: 'Kiew',
  Lisbon: 'Lissabon',
  Luxembourg: 'Luxemburg',
  'Mexico City': 'Mexiko-Stadt',
  Moscow: 'Moskau',
  Prague: 'Prag',
  Rome: 'Rom',
  Singapore: 'Singapur',
  Tokyo: 'Tokio',
  Vienna: 'Wien',
  Warsaw: 'Warschau',
  Zurich: 'Zürich',
};

/** Puts a time (milliseconds) into words, with the weekday and the zone's name, so that nobody has to guess. */
export function tellTime(at: number, zone: string, language: MailLanguage): ToldTime {
  const manner = MANNERS[language];
  const moment = DateTime.fromMillis(at, { zone, locale: manner.locale });
  const day = moment.toFormat(manner.day);
  const time = moment.toFormat(manner.time);
  const name = nameOfZone(zone, moment.offsetNameShort ?? '', manner.zone);
  return { day, time, zone: name, text: `${day}, ${time} (${name})` };
}

/** `Europe/Berlin` is Berlin time to people; a zone that names no place is called by its short name alone. */
function nameOfZone(zone: string, short: string, tell: (place: string, short: string) => string): string {
  const slash = zone.lastIndexOf('/');
  if (slash < 0 || zone.startsWith('Etc/')) return short === '' ? zone : short;
  return tell(zone.slice(slash + 1).replaceAll('_', ' '), short);
}
