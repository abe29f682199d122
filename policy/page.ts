import { louder } from './urgency';
import type { Ringing } from './effects';
import type { PageCause, Reason } from './state';
import type { Turn } from './turn';

/** Rings on-call for a cause: opens the conversation's page, or joins the open one. A cause that is known rings no second time. */
export function ring(turn: Turn, cause: PageCause, how: Ringing = {}): void {
  const { state } = turn;
  const page = state.page;
  if (page?.causes.some((known) => known.key === cause.key)) return;
  if (page === null) {
    const acknowledged = how.acknowledged && { acknowledged: how.acknowledged };
    state.pages += 1;
    state.page = { n: state.pages, urgency: cause.urgency, causes: [cause] };
    turn.add({ lane: 'paging', type: 'openPage', key: turn.nextKey('openPage'), page: state.pages, urgency: cause.urgency, cause, ...acknowledged });
  } else {
    const urgency = louder(page.urgency, cause.urgency);
    state.page = { ...page, urgency, causes: [...page.causes, cause] };
    turn.add({ lane: 'paging', type: 'addCause', key: turn.nextKey('addCause'), page: page.n, urgency, cause, ...how });
  }
  turn.tell(cause.at, 'page.cause', { page: state.page.n, cause: cause.key, reason: cause.reason, urgency: cause.urgency });
}

/** A cause is over; the page ends with its last one. */
export function stopRinging(turn: Turn, key: string, reason: Reason): void {
  const page = turn.state.page;
  if (!page?.causes.some((cause) => cause.key === key)) return;
  const others = page.causes.filter((cause) => cause.key !== key);
  // That it matters more is a reason to ring for something, and none by itself.
  const left = others.every((cause) => cause.kind === 'raised') ? [] : others;
  turn.state.page = left.length === 0 ? null : { ...page, causes: left };
  for (const over of page.causes) {
    if (left.includes(over)) continue;
    turn.add({ lane: 'paging', type: 'causeOver', key: turn.nextKey('causeOver'), page: page.n, cause: over.key, reason });
  }
  if (left.length === 0) turn.tell(turn.now, 'page.over', { page: page.n, reason });
}

/** These kinds of causes are over, if they are there. */
export function stopRingingFor(turn: Turn, kinds: readonly PageCause['kind'][], reason: Reason): void {
  for (const cause of turn.state.page?.causes ?? []) if (kinds.includes(cause.kind)) stopRinging(turn, cause.key, reason);
}

/** The conversation is solved or spam: every cause is over, but for promises that an answer on its way has yet to keep. */
export function endPage(turn: Turn, reason: Reason): void {
  const unmet = new Set(turn.unmet().map((promise) => promise.key));
  for (const { key } of turn.state.page?.causes ?? []) if (!unmet.has(key)) stopRinging(turn, key, reason);
}

/** Rings the next level at once, acknowledged or not; opens a page when there is none. */
export function ringNextLevel(turn: Turn, cause: PageCause): void {
  const page = turn.state.page;
  if (!page?.causes.some((known) => known.key === cause.key)) {
    ring(turn, cause);
    return;
  }
  turn.add({ lane: 'paging', type: 'nextLevel', key: turn.nextKey('nextLevel'), page: page.n, cause: cause.key, reason: cause.reason });
  turn.tell(cause.at, 'page.nextLevel', { page: page.n, cause: cause.key, reason: cause.reason });
}
