import { explainPromise } from './arithmetic';
import { firstPromises, officeOpen } from './promises';
import type { PolicySnapshot } from './snapshot';
import type { PromiseSeed } from './state';
import type { Kind, Priority } from './words';

/** A request that somebody wonders about; `receivedAt` in milliseconds. */
export interface ExplainedRequest {
  readonly receivedAt: number;
  readonly kind: Kind;
  readonly priority: Priority;
  readonly plan: string;
}

/** One promise with its arithmetic in words; times in milliseconds, null where nobody is told or paged. */
export interface ExplainedPromise {
  readonly kind: PromiseSeed['kind'];
  readonly dueAt: number;
  readonly clock: string;
  readonly arithmetic: string;
  readonly noticeAt: number | null;
  readonly pageAt: number | null;
}

/**
 * What a request received then would be promised, and why: what `policy explain` and `POST /api/v1/policy/explain` answer.
 * Throws `E_CALENDAR_NEVER_OPENS` and `E_OUT_OF_RANGE`.
 */
export function explainRequest(snapshot: PolicySnapshot, request: ExplainedRequest): { officeOpen: boolean; promises: ExplainedPromise[] } {
  const channel = request.kind === 'chat' ? 'chat' : 'email';
  const seeds = firstPromises(snapshot, { ...request, channel, initiatedBy: 'customer', outOfHours: 'page' });
  return {
    officeOpen: officeOpen(snapshot, request.receivedAt),
    promises: seeds.map((seed) => ({
      kind: seed.kind,
      dueAt: seed.dueAt,
      clock: seed.clock,
      arithmetic: explainPromise(snapshot, seed),
      noticeAt: seed.noticeAt,
      pageAt: seed.pageAt,
    })),
  };
}
