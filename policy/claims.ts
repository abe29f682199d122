import type { Claim, PromiseRecord, PromiseSeed } from './state';
import { louder } from './urgency';

/**
 * A promise of a conversation that others have been merged into stands for all of them: it keeps each one's own times as claims, and
 * the earliest of them holds. So an undo takes away one claim, and what is left holds as if the merge had never been.
 */

/** The promise as it is by itself, as the first of its claims. */
export function ownClaim(promise: PromiseRecord): Claim {
  const { kind, since, dueAt, clock, lengthMs, noticeAt, pageAt, noticed, paged } = promise;
  return { kind, since, dueAt, clock, lengthMs, noticeAt, pageAt, noticed, paged, from: null, answersFrom: since, urgency: 'low' };
}

/** The times that hold: those of the claim that is due first, with the earliest notice and the earliest page of them all. */
export function timesOf(claims: readonly Claim[]): PromiseSeed {
  const [first, ...others] = claims;
  if (!first) throw new Error('A promise without any claim has no times.');
  const { kind, since, dueAt, clock, lengthMs } = others.reduce((earliest, claim) => (claim.dueAt < earliest.dueAt ? claim : earliest), first);
  const noticeAt = earliest(claims.map((claim) => claim.noticeAt));
  const pageAt = earliest(claims.map((claim) => claim.pageAt));
  return { kind, since, dueAt, clock, lengthMs, noticeAt, pageAt };
}

/**
 * The same claims, with those of merges that can no longer be undone as one: their times, the answer that all of them want, the loudest ring.
 * The list itself when there is nothing to settle.
 */
export function settled(claims: readonly Claim[], undoable: ReadonlySet<number>): readonly Claim[] {
  const final = claims.filter(({ from }) => from !== null && !undoable.has(from));
  const [first] = final;
  if (first === undefined || final.length === 1) return claims;
  const one: Claim = {
    ...timesOf(final),
    from: first.from,
    answersFrom: Math.max(...final.map((claim) => claim.answersFrom)),
    noticed: final.some((claim) => claim.noticed),
    paged: final.some((claim) => claim.paged),
    urgency: final.reduce<Claim['urgency']>((loudest, claim) => louder(loudest, claim.urgency), 'low'),
  };
  return [...claims.filter(({ from }) => from === null), one, ...claims.filter(({ from }) => from !== null && undoable.has(from))];
}

/** From when an answer keeps a promise, milliseconds: it has to answer every claim. */
export function answersFrom({ since, claims }: Pick<PromiseRecord, 'since' | 'claims'>): number {
  return claims === undefined ? since : Math.max(...claims.map((claim) => claim.answersFrom));
}

/** How loudly a promise rings at least: as loudly as a conversation did that it came from. */
export function urgencyOfClaims({ claims = [] }: Pick<PromiseRecord, 'claims'>): Claim['urgency'] {
  return claims.reduce<Claim['urgency']>((loudest, claim) => louder(loudest, claim.urgency), 'low');
}

function earliest(instants: readonly (number | null)[]): number | null {
  const set = instants.filter((instant) => instant !== null);
  return set.length === 0 ? null : Math.min(...set);
}
