import { DateTime } from 'luxon';
import { zoneName } from '../../messages/zone-words';
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

/** How a language writes a moment. */
const MANNERS: Readonly<Record<MailLanguage, { locale: string; day: string; time: string }>> = {
  en: { locale: 'en-GB', day: 'cccc, d LLLL', time: 'HH:mm' },
  de: { locale: 'de-DE', day: 'cccc, d. LLLL', time: "HH:mm 'Uhr'" },
};

/** Puts a time (milliseconds) into words, with the weekday and the zone's name, so that nobody has to guess. */
export function tellTime(at: number, zone: string, language: MailLanguage): ToldTime {
  const manner = MANNERS[language];
  const moment = DateTime.fromMillis(at, { zone, locale: manner.locale });
  const day = moment.toFormat(manner.day);
  const time = moment.toFormat(manner.time);
  const name = zoneName(zone, moment.offsetNameShort, language);
  return { day, time, zone: name, text: `${day}, ${time} (${name})` };
}
