import { DateTime } from 'luxon';
import { html, type Html } from './html';

/** A moment in the desk's zone, with the exact one for machines: `Tue 31 Mar, 10:00`; with seconds when there are some. */
export function moment(at: Date | number, zone: string): Html {
  const time = DateTime.fromMillis(Number(at), { zone, locale: 'en-GB' });
  return html`<time datetime="${new Date(at).toISOString()}">${time.toFormat(time.second === 0 ? 'ccc d LLL, HH:mm' : 'ccc d LLL, HH:mm:ss')}</time>`;
}

/** How far away a moment is, in the largest unit that says enough: `in 12 m`, `3 h ago`, `now`. */
export function fromNow(at: Date | number, now: number): string {
  const left = Number(at) - now;
  const seconds = Math.round(Math.abs(left) / 1000);
  if (seconds === 0) return 'now';
  const length =
    seconds < 120
      ? `${seconds} s`
      : seconds < 7_200
        ? `${Math.round(seconds / 60)} m`
        : seconds < 172_800
          ? `${Math.round(seconds / 3_600)} h`
          : `${Math.round(seconds / 86_400)} d`;
  return left > 0 ? `in ${length}` : `${length} ago`;
}
