import { DateTime } from 'luxon';
import type { Locale } from '../../../db/visitors';
import { zoneName } from '../../../messages/zone-words';
import { html, type Html } from '../html';

/** How each language writes a moment, with and without its year. */
const MANNERS: Readonly<Record<Locale, { readonly locale: string; readonly short: string; readonly long: string }>> = {
  en: { locale: 'en-GB', short: 'ccc d LLL, HH:mm', long: 'ccc d LLL yyyy, HH:mm' },
  de: { locale: 'de-DE', short: "ccc, d. LLL, HH:mm 'Uhr'", long: "ccc, d. LLL yyyy, HH:mm 'Uhr'" },
};

/** In which zone, in which language, and as seen from when (milliseconds) somebody is told times. */
export interface Teller {
  readonly zone: string;
  readonly locale: Locale;
  readonly now: number;
}

/** A moment in words: `Tue 31 Mar, 12:00`; with its year when that is another one. */
export function momentWords(at: Date | number, { zone, locale, now }: Teller): string {
  const manner = MANNERS[locale];
  const moment = DateTime.fromMillis(Number(at), { zone, locale: manner.locale });
  return moment.toFormat(moment.year === DateTime.fromMillis(now, { zone }).year ? manner.short : manner.long);
}

/** The same for a page, with the exact moment for machines. */
export function momentTold(at: Date | number, teller: Teller): Html {
  return html`<time datetime="${new Date(at).toISOString()}">${momentWords(at, teller)}</time>`;
}

/** What the zone of told moments is called; without its short name where they have several, because clocks change between them. */
export function zoneWords({ zone, locale, now }: Teller, told: readonly (Date | number)[]): string {
  const names = (told.length === 0 ? [now] : told).map((at) => DateTime.fromMillis(Number(at), { zone, locale: MANNERS[locale].locale }).offsetNameShort);
  const [short = null] = names;
  return zoneName(zone, new Set(names).size === 1 ? short : null, locale);
}
