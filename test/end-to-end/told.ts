/** A time as mails tell it to a reader in UTC, put into words by another library than theirs. */
export function toldInUtc(time: string | number): string {
  const at = new Date(time);
  const part = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' }).format(at);
  return `${part({ weekday: 'long' })}, ${part({ day: 'numeric', month: 'long' })}, ${at.toISOString().slice(11, 16)} (UTC)`;
}
