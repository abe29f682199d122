import type { Duration } from './snapshot';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The form of a duration in a policy: whole seconds, minutes, hours, days of 24 hours, or business days; never nothing. */
export const DURATION_FORM = /^[1-9]\d{0,5}(s|m|h|d|bd)$/;
/** The form of a length without business days; never nothing. */
export const LENGTH_FORM = /^[1-9]\d{0,5}(s|m|h|d)$/;
/** The form of a length without business days that may be nothing: `0s`. */
export const LENGTH_OR_NONE_FORM = /^(0|[1-9]\d{0,5})(s|m|h|d)$/;

const UNIT_MS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: 24 * HOUR_MS };

/** Reads `90s`, `30m`, `4h`, `5d` or `1bd`; null when it is none of these. */
export function parseDuration(text: string): Duration | null {
  const match = /^(\d{1,6})(s|m|h|d|bd)$/.exec(text);
  if (match === null) return null;
  const count = Number(match[1]);
  const unitMs = UNIT_MS[match[2] ?? ''];
  return unitMs === undefined ? { businessDays: count } : { ms: count * unitMs };
}

/** A length in words, as short as it can be said exactly to the second: `30 s`, `1 h 30 m`, `12 h`. */
export function lengthInWords(ms: number): string {
  const seconds = Math.floor(ms / SECOND_MS);
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return said.length === 0 ? '0 s' : said.join(' ');
}
