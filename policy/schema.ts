import { z } from 'zod';
import { DURATION_FORM, LENGTH_FORM, LENGTH_OR_NONE_FORM, parseDuration } from './duration';
import type { Duration, Interval } from './snapshot';
import { PRIORITIES } from './words';
import type { Priority } from './words';

/*
 * The form of a policy file: the shape of each key, its default and what it means. The JSON Schema that editors use is made from it
 * (policy/handbook.schema.json). What keys say about each other is checked in policy/schema-checks.ts. Outside of workflows only.
 */

/** The days of a week as a policy names them, Monday first. */
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const DURATION_HELP = 'write a duration: a whole number above 0 and s, m, h, d or bd (business days), such as 90s, 30m, 4h, 5d or 1bd';
const LENGTH_HELP = 'write a length of time: a whole number above 0 and s, m, h or d, such as 90s, 30m, 4h or 5d (bd is not possible here)';
const LENGTH_OR_NONE_HELP = 'write a length of time: a whole number and s, m, h or d, such as 0s, 90s, 30m or 4h (bd is not possible here)';
const INTERVAL_HELP = 'write opening hours as "08:00-20:00", in quotes, within one day: from 00:00 to 24:00, the end after the start';
const DAY_HELP = 'write a day (mon tue wed thu fri sat sun) or a run of days such as mon-fri';
const DATE_HELP = 'write a date that exists as YYYY-MM-DD, such as 2026-12-24';
const TEXT_HELP = 'write a text, in quotes if it could be read as a number';
const PERCENT_HELP = 'write a percentage from 0% to 100%, such as 75%';

const DAY_OR_RUN_FORM = new RegExp(`^(${DAYS.join('|')})(-(${DAYS.join('|')}))?$`);

const text = z.string({ error: TEXT_HELP }).trim().min(1, { error: TEXT_HELP });
const name = text.max(64, { error: 'write a name of at most 64 characters' });
const priority = z.enum(PRIORITIES, { error: `write one of: ${PRIORITIES.join(', ')}` });
const onOff = z.boolean({ error: 'write true or false' });

/** Elapsed or open time, or business days. */
const duration = z
  .string({ error: DURATION_HELP })
  .regex(DURATION_FORM, { error: DURATION_HELP })
  .transform((value): Duration => parseDuration(value) ?? { ms: 0 });
const durationOrOff = z.union([duration, z.literal('off')], { error: `${DURATION_HELP}; or off` });
/** Milliseconds; never nothing. */
const length = z.string({ error: LENGTH_HELP }).regex(LENGTH_FORM, { error: LENGTH_HELP }).transform(msOf);
/** Milliseconds; may be nothing. */
const lengthOrNone = z.string({ error: LENGTH_OR_NONE_HELP }).regex(LENGTH_OR_NONE_FORM, { error: LENGTH_OR_NONE_HELP }).transform(msOf);
/** Percent as a number. */
const percent = z
  .string({ error: PERCENT_HELP })
  .regex(/^(100|[1-9]?\d)%$/, { error: PERCENT_HELP })
  .transform((value) => Number(value.slice(0, -1)));

const interval = z
  .string({ error: INTERVAL_HELP })
  .regex(/^\d\d:\d\d-\d\d:\d\d$/, { error: INTERVAL_HELP })
  .transform((value, context): Interval => {
    const [start, end] = value.split('-').map(minuteOf);
    if (start !== undefined && end !== undefined && start < end) return [start, end];
    context.issues.push({ code: 'custom', input: value, message: INTERVAL_HELP });
    return z.NEVER;
  });
const intervals = z.array(interval, { error: 'write a list of opening hours, such as ["08:00-20:00"]; [] is closed all day' });
const date = z.iso.date({ error: DATE_HELP });

const weeklyHours = z.union([z.literal('always'), z.record(z.string().regex(DAY_OR_RUN_FORM, { error: DAY_HELP }), intervals)], {
  error: 'write always, or hours for days: { mon-fri: ["08:00-20:00"] }',
});
const specialDay = z.union(
  [
    z.strictObject({
      date: date.describe('The local date.'),
      open: intervals.default([]).describe('Hours of that day; [] is closed.'),
    }),
    z.strictObject({
      country: text.describe('Closed on the public holidays of this country (ISO 3166 code).'),
      state: text.optional().describe('Its state, when holidays differ.'),
    }),
    z.strictObject({ ical: text.describe('Closed on the all-day events of this iCalendar file; relative to the policy file.') }),
  ],
  { error: 'write { date: 2026-12-24, open: [] }, { country: DE, state: BY } or { ical: file.ics }' },
);
const calendarKeys = {
  open: weeklyHours.describe('Weekly hours, or always.'),
  businessDay: length.describe('How much open time one business day (1bd) is.'),
  specialDays: z.array(specialDay).default([]).describe('Days that are closed or have hours of their own.'),
  timezone: text.optional().describe("The IANA zone of the hours; the policy's own when left out."),
};
const calendar = z.strictObject(calendarKeys);
const calendars = z
  .object({
    office: calendar
      .extend({
        open: calendarKeys.open.prefault({ 'mon-fri': ['08:00-20:00'] }),
        businessDay: calendarKeys.businessDay.prefault('12h'),
      })
      .prefault({}),
    always: calendar
      .extend({
        open: calendarKeys.open.prefault('always'),
        businessDay: calendarKeys.businessDay.prefault('24h'),
      })
      .prefault({}),
  })
  .catchall(calendar);

const triageRule = z.strictObject({
  when: z
    .strictObject({
      address: name.optional().describe('The part before the @ of the address that was written to.'),
      contact: text.optional().describe("The requester's e-mail address."),
      subject: z
        .union([text, z.array(text).min(1)], { error: 'write words, or a list of them' })
        .optional()
        .describe('Words or phrases, any of them, in the subject (a chat: in the message).'),
    })
    .describe('All conditions that are stated must hold.'),
  priority,
  tags: z.array(text).optional(),
  team: name.optional(),
});

const responses = { urgent: duration, high: duration, normal: duration, low: duration };
const tickets = z.strictObject({
  dispatch: z
    .strictObject({
      within: duration.prefault('1h').describe('How soon every ticket has an assignee.'),
      calendar: name.default('office').describe('The calendar that this is counted on, whatever the plan.'),
    })
    .prefault({}),
  firstResponse: z
    .strictObject({
      urgent: duration.prefault('30m'),
      high: duration.prefault('4h'),
      normal: duration.prefault('1bd'),
      low: duration.prefault('3bd'),
    })
    .prefault({})
    .describe("How soon a person answers, on the plan's calendars."),
  nextResponse: z
    .union([z.enum(['sameAsFirst', 'off']), z.strictObject(responses).partial()], { error: 'write sameAsFirst, off, or durations by priority' })
    .default('sameAsFirst')
    .describe('How soon a person answers when the customer writes again.'),
  closeSolvedAfter: duration.prefault('5bd').describe('Silence after which a solved conversation is closed.'),
  closingSilence: duration.prefault('1bd').describe('Silence after "Is there anything else?" that solves a ticket.'),
  remindPendingAfter: durationOrOff.prefault('3bd').describe('Silence after which the customer is reminded, once.'),
  solvePendingAfter: durationOrOff.prefault('10bd').describe('Silence after which a pending conversation is solved.'),
  askRatingAfter: durationOrOff
    .prefault('1d')
    .describe('How long after it was solved with an answer the customer is asked, once, how it went, unless they have said so.'),
});

const thresholds = (notice: string, page: string) =>
  z
    .strictObject({
      notice: percent.prefault(notice).describe("Percent of the first response's time at which the desk gets a notice."),
      page: percent.prefault(page).describe("Percent of the first response's time at which on-call is paged."),
    })
    .prefault({});
const escalate = z.strictObject({
  urgent: thresholds('0%', '50%'),
  high: thresholds('50%', '75%'),
  normal: thresholds('75%', '100%'),
  low: thresholds('75%', '100%'),
} satisfies Record<Priority, unknown>);

const chats = z.strictObject({
  response: duration.prefault('5m').describe('How soon a person answers a chat.'),
  calendar: name.default('office').describe('The calendar that this is counted on, whatever the plan.'),
  customerGoneAfter: length.prefault('60s').describe('Absence after which the customer counts as gone.'),
  unseenAfter: length.prefault('5m').describe('Time after which unseen messages are mailed although the customer is there.'),
  mailBatch: lengthOrNone.prefault('60s').describe('Unseen messages within this time go out as one mail.'),
  agentSilence: length.prefault('3m').describe('Silence after which the agent is nudged.'),
  closingSilence: length.prefault('30m').describe('Absence after "Is there anything else?" that solves a chat.'),
  page: z.enum(['low', 'high', 'off'], { error: 'write low, high or off' }).default('low').describe('Urgency of the page for a new chat in office hours.'),
});

const acknowledgeWithin = length.prefault('5m').describe('Time after which the next level rings.');
const level = z.union(
  [
    z.strictObject({ rota: name.describe('A rota of this desk.'), acknowledgeWithin }),
    z.strictObject({ via: z.literal('pagerduty', { error: 'write pagerduty' }), acknowledgeWithin }),
  ],
  { error: 'write { rota: primary, acknowledgeWithin: 5m } or { via: pagerduty }' },
);
const onCall = z.strictObject({
  levels: z
    .array(level)
    .min(1, { error: 'name at least one level, or nobody is ever paged' })
    .prefault([
      { rota: 'primary', acknowledgeWithin: '5m' },
      { rota: 'secondary', acknowledgeWithin: '5m' },
    ])
    .describe('Who is paged, in this order.'),
  repeat: z
    .int({ error: 'write a whole number' })
    .min(1, { error: 'write at least 1' })
    .max(100, { error: 'write at most 100' })
    .default(3)
    .describe('How often the levels are gone through before the fallback.'),
  collect: lengthOrNone.prefault('10s').describe('Further pages to the same target within this time ring as one.'),
  fallback: z.strictObject({ every: length.prefault('15m').describe('How often every target of every level rings at last.') }).prefault({}),
});

const address = z.strictObject({
  priority: priority.optional(),
  tags: z.array(text).optional(),
  team: name.optional(),
  from: text.optional().describe('The name that answers come from.'),
  signature: text.optional().describe('What stands below answers.'),
  outOfHours: z
    .enum(['page', 'notice'], { error: 'write page or notice' })
    .optional()
    .describe('Whether its requests page while the office is closed; page when left out.'),
});

/** A policy file: each key's shape and default. */
export const policySchema = z
  .strictObject({
    version: text.describe('Your name for this version of the policy.'),
    timezone: text.default('Europe/Berlin').describe("The desk's IANA zone."),
    calendars: calendars.prefault({}),
    plans: z
      .record(
        name,
        z.strictObject({ calendars: z.array(name).min(1, { error: 'name at least one calendar' }).describe('The earliest due time over them holds.') }),
      )
      .default({ standard: { calendars: ['office'] }, enterprise: { calendars: ['always', 'office'] } })
      .describe('What customers have bought. An unknown plan counts as the first.'),
    triage: z.array(triageRule).default([]).describe('Rules that set the priority of a new request; the first that fits wins.'),
    defaultPriority: priority.default('normal'),
    tickets: tickets.prefault({}),
    escalate: escalate.prefault({}),
    undoSend: lengthOrNone.prefault('10s').describe('How long a reply can be taken back before it is mailed.'),
    reopenGrace: lengthOrNone.prefault('1h').describe('A short message this soon after solving never pages.'),
    voicemail: z
      .strictObject({
        joinWithin: lengthOrNone.prefault('30m').describe('Calls of the same caller this soon are one ticket.'),
        missedUnder: lengthOrNone.prefault('2s').describe('A shorter recording is a missed call.'),
      })
      .prefault({}),
    chats: chats.prefault({}),
    outOfHours: z
      .strictObject({
        calendar: name.default('office').describe('The calendar that says when the office is open.'),
        page: onOff.default(true).describe('Whether requests page on-call while it is closed.'),
        feedbackWithin: length.prefault('15m').describe('How soon on-call tells the customer how it goes on.'),
      })
      .prefault({}),
    onCall: onCall.prefault({}),
    addresses: z
      .record(z.string().regex(/^[^@\s]+$/, { error: 'write only the part before the @' }), address)
      .default({ info: {}, support: {}, backoffice: {}, hosting: {} })
      .describe('The addresses that customers write to, by the part before the @.'),
    receipt: z.enum(['on', 'off'], { error: 'write on or off' }).default('on').describe('Whether customers get a mail with the promised time.'),
  })
  .describe('A Holdfast policy: what is promised to customers, and who is told when a promise is in danger.');

/** A policy as its file states it, defaults filled in; lengths are milliseconds. */
export type Policy = z.output<typeof policySchema>;
/** One calendar of a {@link Policy}. */
export type PolicyCalendar = Policy['calendars'][string];

/** The JSON Schema (draft 7, which editors know) of a policy file; shipped as policy/handbook.schema.json. */
export function policyJsonSchema(): object {
  return { ...z.toJSONSchema(policySchema, { io: 'input', target: 'draft-7' }), title: 'Holdfast policy' };
}

function msOf(value: string): number {
  const parsed = parseDuration(value);
  return parsed !== null && 'ms' in parsed ? parsed.ms : 0;
}

/** Minutes of the day, undefined when there is no such time. */
function minuteOf(time: string): number | undefined {
  const hours = Number(time.slice(0, 2));
  const minutes = Number(time.slice(3, 5));
  const minute = hours * 60 + minutes;
  return minutes < 60 && minute <= 24 * 60 ? minute : undefined;
}
