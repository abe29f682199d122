/** What PostgreSQL cannot store: NUL, and halves of surrogate pairs. */
export const UNSTORABLE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const EVERY_UNSTORABLE = new RegExp(UNSTORABLE, 'g');

/** The text without what PostgreSQL cannot store. */
export function withoutUnstorable(text: string): string {
  return text.replace(EVERY_UNSTORABLE, '');
}
