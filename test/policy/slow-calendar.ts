import { DateTime } from 'luxon';

/** A calendar as a person would write it: `hours` by ISO weekday (1 is Monday), `special` by date, each a list of `[from, to]` as `HH:mm`. */
export interface PlainCalendar {
  readonly zone: string;
  readonly hours: Readonly<Record<number, readonly (readonly [string, string])[]>>;
  readonly special?: Readonly<Record<string, readonly (readonly [string, string])[]>>;
}

type Span = { start: number; end: number };

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * An independent, slow calendar to hold the fast one against. It asks luxon (and so Intl) for every single boundary, and makes one
 * long list of open time before it answers anything.
 */
export class SlowCalendar {
  private readonly spans: Span[];
  private readonly offsets = new Map<number, number[]>();

  /** Knows the days from `first` to `last` (ISO dates). */
  constructor(
    private readonly calendar: PlainCalendar,
    first: string,
    last: string,
  ) {
    const spans: Span[] = [];
    for (let day = DateTime.fromISO(first, { zone: 'UTC' }); day.toISODate()! <= last; day = day.plus({ days: 1 })) {
      for (const [from, to] of this.hoursOn(day.toISODate()!, day.weekday)) {
        const start = Math.min(...this.instantsShowing(day, from));
        const end = Math.max(...this.instantsShowing(day, to));
        if (start < end) spans.push({ start, end });
      }
    }
    this.spans = union(spans);
  }

  isOpen(at: number): boolean {
    return this.spans.some(({ start, end }) => start <= at && at < end);
  }

  between(from: number, to: number): number {
    return this.spans.reduce((sum, { start, end }) => sum + Math.max(0, Math.min(end, to) - Math.max(start, from)), 0);
  }

  add(from: number, openMs: number): number | undefined {
    if (openMs === 0) return from;
    let left = openMs;
    for (const { start, end } of this.spans) {
      const begins = Math.max(start, from);
      if (begins >= end) continue;
      if (left <= end - begins) return begins + left;
      left -= end - begins;
    }
    return undefined;
  }

  nextOpening(at: number): number | undefined {
    if (this.isOpen(at)) return at;
    return this.spans.find(({ start }) => start >= at)?.start;
  }

  private hoursOn(date: string, weekday: number): readonly (readonly [string, string])[] {
    return this.calendar.special?.[date] ?? this.calendar.hours[weekday] ?? [];
  }

  /** The offsets of the zone within a day of this one, each once. */
  private offsetsAround(day: DateTime): number[] {
    const date = day.toMillis();
    const known = this.offsets.get(date) ?? [
      ...new Set([-24, 0, 24, 48].map((hours) => DateTime.fromMillis(date + hours * HOUR_MS, { zone: this.calendar.zone }).offset)),
    ];
    this.offsets.set(date, known);
    return known;
  }

  /** Every instant at which the clock on the wall shows this time; when it never does, the instant at which it jumps over it. */
  private instantsShowing(day: DateTime, time: string): number[] {
    const wall = day.plus({ minutes: minutesOf(time) });
    const reads = (instant: number): number => {
      const local = DateTime.fromMillis(instant, { zone: this.calendar.zone });
      return Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute, local.second, local.millisecond);
    };
    const offsets = this.offsetsAround(day);
    const showing = offsets.map((offset) => wall.toMillis() - offset * MINUTE_MS).filter((instant) => reads(instant) === wall.toMillis());
    if (showing.length > 0) return showing;
    let instant = wall.toMillis() - Math.max(...offsets) * MINUTE_MS - 3 * HOUR_MS;
    while (reads(instant) < wall.toMillis()) instant += MINUTE_MS;
    return [instant];
  }
}

/** How many of the minutes from one instant on are open, by looking at the clock on the wall in each of them. */
export function openMinutes({ zone, hours, special }: PlainCalendar, from: number, to: number): number {
  let count = 0;
  for (let instant = from; instant < to; instant += MINUTE_MS) {
    const local = DateTime.fromMillis(instant, { zone });
    const time = local.toFormat('HH:mm');
    const today = special?.[local.toISODate()!] ?? hours[local.weekday] ?? [];
    if (today.some(([start, end]) => start <= time && time < end)) count += 1;
  }
  return count;
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

function union(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  return merged;
}
