import { addCode, tryCodes, useCode } from '../db/codes';
import type { Database } from '../db/connection';
import { contactByEmail } from '../db/contacts';
import { newId } from '../db/new-id';
import type { Locale } from '../db/visitors';
import { HoldfastError } from '../messages/errors';
import { CODE_MS, hashOfCode, isRightCode } from '../messages/mailed-code';
import type { Actor } from './auth/actor';
import { admitByCode, type AdmittedVisitor } from './auth/admit-visitor';
import type { ApiContext } from './context';
import { countCode, countCodeTry } from './help-limits';

/**
 * Has a code mailed to an address that we know. Whoever asks learns nothing of that: it is looked up after the answer, which is always the
 * same. `address` is the caller's. Errors: E_RATE_LIMITED.
 */
export async function askForCode(
  context: ApiContext,
  db: Database,
  asked: { readonly email: string; readonly locale: Locale; readonly address: string },
): Promise<void> {
  await countCode(context, db, asked.address);
  const { email, locale, address: askedFrom } = asked;
  const at = context.now();
  context.background.run('a code to be mailed', async () => {
    if ((await contactByEmail(context.db, email)) === null) return;
    const id = newId('code');
    await addCode(context.db, { id, email, locale, hash: hashOfCode(context.signingKeys, { id, email }), askedFrom, at, expiresAt: at + CODE_MS });
  });
}

/** A code that somebody has brought back. */
export interface BroughtCode {
  readonly email: string;
  /** As typed; blanks do not count. */
  readonly code: string;
  readonly locale?: Locale | undefined;
  readonly timeZone?: string | undefined;
  readonly address: string;
}

/**
 * Lets in whoever brings back a good code of an address, once. Every try counts, right or wrong. Errors: E_WRONG_CODE, the same for a wrong,
 * used or old code and for an address that never had one; E_RATE_LIMITED.
 */
export async function redeemCode(context: ApiContext, caller: Actor, brought: BroughtCode): Promise<AdmittedVisitor> {
  const { email, locale, timeZone, address } = brought;
  await countCodeTry(context, address);
  const now = context.now();
  // Not in a transaction: a try counts whatever comes of it.
  const tried = await tryCodes(context.db, { email, from: address, now });
  const code = brought.code.replace(/\s/g, '');
  const right = tried.find(({ id, hash }) => isRightCode(context.signingKeys, { id, email }, hash, code));
  if (right === undefined) throw wrongCode();
  return context.db.transaction().execute(async (trx) => {
    const contact = await contactByEmail(trx, email);
    if (contact === null || !(await useCode(trx, right.id, now))) throw wrongCode();
    return admitByCode(trx, context, caller, contact, { locale, timeZone });
  });
}

function wrongCode(): HoldfastError {
  return new HoldfastError('E_WRONG_CODE', 'This code is not right, or it is too old.', { fix: 'Check it, or ask for a new one.' });
}
