import { DateTime, IANAZone } from 'luxon';

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

/** Puts a time (milliseconds) into words, with the weekday and the zone's name, so that nobody has to guess. */
export function tellTime(at: number, zone: string): ToldTime {
  const moment = DateTime.fromMillis(at, { zone, locale: 'en-GB' });
  const day = moment.toFormat('cccc, d LLLL');
  const time = moment.toFormat('HH:mm');
  const name = nameOfZone(zone, moment.offsetNameShort ?? '');
  return { day, time, zone: name, text: `${day}, ${time} (${name})` };
}

/** `Europe/Berlin` is Berlin time to people; a zone that names no place is called by its short name alone. */
function nameOfZone(zone: string, short: string): string {
  const slash = zone.lastIndexOf('/');
  if (slash < 0 || zone.startsWith('Etc/')) return short === '' ? zone : short;
  const place = `${zone.slice(slash + 1).replaceAll('_', ' ')} time`;
  return short === '' ? place : `${place}, ${short}`;
}
