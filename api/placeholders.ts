/** What a canned reply's placeholders stand for; null where nothing is known. */
export type PlaceholderValues = Readonly<Record<Placeholder, string | null>>;

/** Every name that may stand in double braces. */
export const PLACEHOLDERS = [
  'customer.name',
  'customer.firstName',
  'customer.email',
  'organization.name',
  'agent.name',
  'agent.firstName',
  'conversation.number',
  'conversation.subject',
] as const;
/** One of {@link PLACEHOLDERS}. */
export type Placeholder = (typeof PLACEHOLDERS)[number];

/** `{{name}}`, or `{{name|what stands there when nothing is known}}`. */
const IN_BRACES = /\{\{\s*([^{}|]*?)\s*(?:\|([^{}]*))?\}\}/g;

const isPlaceholder = (name: string): name is Placeholder => (PLACEHOLDERS as readonly string[]).includes(name);

/** Names in double braces that stand for nothing. */
export function unknownPlaceholders(text: string): string[] {
  return [...text.matchAll(IN_BRACES)].map(([, name = '']) => name).filter((name) => !isPlaceholder(name));
}

/** Puts values in place of placeholders, in one pass: what a value contains is never read again. */
export function fillPlaceholders(text: string, values: PlaceholderValues): string {
  return text.replace(IN_BRACES, (whole, name: string, otherwise: string | undefined) =>
    isPlaceholder(name) ? (values[name] ?? otherwise?.trim() ?? '') : whole,
  );
}

/** The first of somebody's names, as one addresses them; null when it does not look like a name. */
export function firstNameOf(name: string | null): string | null {
  const [first = ''] = (name ?? '').trim().split(/\s+/);
  return /^[\p{L}][\p{L}\p{M}.'’-]*$/u.test(first) ? first : null;
}
