const DAY_MS = 86_400_000;
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** The handbook's policy on a clock of seconds; its office is always open, in UTC. */
export const SECONDS = `
version: seconds
timezone: UTC
calendars:
  office: { open: always, businessDay: 24h }
tickets:
  dispatch: { within: 3s, calendar: office }
  firstResponse: { urgent: 20s, high: 4h, normal: 1bd, low: 3bd }
undoSend: 1s
onCall:
  levels: [{ rota: primary, acknowledgeWithin: 30s }]
  collect: 0s
`;

/** The same, but a first answer is promised within 5 s: its notice comes at 75 %, its page when it is due. */
export const SECONDS_TO_ANSWER = SECONDS.replace('dispatch: { within: 3s', 'dispatch: { within: 1h').replace('normal: 1bd', 'normal: 5s');

/** The handbook's times with an office that is closed now, and opens in two days at 08:00 UTC. */
export function closedNow(now: number): { policy: string; opensAt: number } {
  const opensAt = Math.floor(now / DAY_MS) * DAY_MS + 2 * DAY_MS + 8 * 3_600_000;
  const day = DAYS[new Date(opensAt).getUTCDay()] ?? 'mon';
  return {
    opensAt,
    policy: `
version: closed-now
timezone: UTC
calendars:
  office: { open: { ${day}: ["08:00-20:00"] }, businessDay: 12h }
undoSend: 1s
`,
  };
}

/** Chats on a clock of seconds; the office is always open, in UTC. Whoever leaves is mailed after two seconds, who does not read after eight. */
export const CHATTING = `
version: chatting
timezone: UTC
calendars:
  office: { open: always, businessDay: 24h }
tickets:
  dispatch: { within: 1h, calendar: office }
undoSend: 1s
chats: { response: 5m, customerGoneAfter: 2s, unseenAfter: 8s, mailBatch: 2s, agentSilence: 1h, closingSilence: 1h, page: low }
onCall:
  levels: [{ rota: primary, acknowledgeWithin: 5m }]
  collect: 0s
`;
