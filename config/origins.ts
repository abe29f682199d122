/** Origins joined by commas, as browsers write them (`https://host[:port]`), or null when one is none. */
export function originsOf(text: string): readonly string[] | null {
  const origins = text.split(',').map((part) => originOf(part.trim()));
  return origins.includes(null) ? null : [...new Set(origins.filter((origin) => origin !== null))];
}

function originOf(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { origin, href, protocol } = new URL(text);
  // A wildcard would be one in the policies that are made of these.
  return /^https?:$/.test(protocol) && !text.includes('*') && (href === text || href === `${text}/`) && href === `${origin}/` ? origin : null;
}
