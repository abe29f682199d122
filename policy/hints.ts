import { lengthInWords } from './duration';
import type { CalendarSnapshot, PolicySnapshot } from './snapshot';

/** What a policy allows but its writer may not have meant, in sentences. */
export function policyHints(snapshot: PolicySnapshot): string[] {
  return Object.entries(snapshot.calendars).flatMap(([id, calendar]) => (calendar.always ? [] : calendarHints(id, calendar)));
}

function calendarHints(id: string, calendar: CalendarSnapshot): string[] {
  const hints: string[] = [];
  if (Object.keys(calendar.special).length === 0) {
    hints.push(`The calendar "${id}" has no special days: promises run on public holidays as on any other day.`);
  }
  const dayLengths = calendar.weekly.map((day) => day.reduce((sum, [start, end]) => sum + (end - start) * 60_000, 0)).filter((ms) => ms > 0);
  if (!dayLengths.includes(calendar.businessDayMs)) {
    const lengths = [...new Set(dayLengths)].map(lengthInWords).join(' or ');
    hints.push(`On the calendar "${id}" a business day is ${lengthInWords(calendar.businessDayMs)}, but its days are open for ${lengths}.`);
  }
  return hints;
}
