/** A piece of a message: words, a link, or code as it was typed. */
export type Piece =
  { readonly kind: 'text' | 'code' | 'block'; readonly text: string } | { readonly kind: 'link'; readonly text: string; readonly href: string };

/** Fenced code, inline code, then addresses; the last group of an address never takes the full stop of its sentence. */
const SPECIAL = /```(?:\w*\n)?([\s\S]+?)```|`([^`\n]+)`|(https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?)\]}])/g;

/** What a message is made of. Nothing of it ever becomes markup. */
export function pieces(body: string): readonly Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of body.matchAll(SPECIAL)) {
    if (match.index > from) found.push({ kind: 'text', text: body.slice(from, match.index) });
    const [whole, block, code, link] = match;
    if (block !== undefined) found.push({ kind: 'block', text: block.replace(/\n$/, '') });
    else if (code !== undefined) found.push({ kind: 'code', text: code });
    else if (link !== undefined) found.push({ kind: 'link', text: link, href: link });
    from = match.index + whole.length;
  }
  if (from < body.length) found.push({ kind: 'text', text: body.slice(from) });
  return found;
}
