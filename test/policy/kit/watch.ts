import { nextInstant } from '../../../policy/consequences';
import type { Effect, Step } from '../../../policy/effects';
import type { ConversationEvent } from '../../../policy/events';
import type { ConversationState, PageCause, PromiseRecord } from '../../../policy/state';
import { isUnmet } from '../../../policy/turn';
import { isUrgentOrHigh } from '../../../policy/urgency';
import { DAY_MS, SECOND_MS } from './times';

/** A reply in undo-send (10 s) holds a page for those seconds and a mail server's moment (5 s). */
const HOLD_MS = 15 * SECOND_MS;

const HUMAN_COMMANDS = ['reply', 'call', 'beRightBack', 'closingQuestion', 'feedback'] as const;

/**
 * Watches a conversation from outside, and knows what must never happen. It draws its own conclusions from effects and events and
 * does not ask the rules why.
 */
export class Watch {
  private readonly keys = new Set<string>();
  private readonly humanWords = new Set<string>();
  private readonly notices: Extract<Effect, { type: 'notice' }>[] = [];
  /** Of every cause that ever rang: its page, when it rang, and whether it opened that page. */
  private readonly rung = new Map<string, { page: number; now: number; opened: boolean; reason: string }>();
  private readonly climbed = new Map<string, number>();
  private readonly missedInARow = new Map<string, number>();
  private missed = 0;
  private page: { n: number; causes: Set<string> } | null = null;
  private pages = 0;
  private quiet = new Set<string>();
  /** Promises that have their own due time again, after one that a merge had brought. */
  private readonly gotBack = new Set<string>();
  private priorityAt = 0;
  private readonly mailedInChat = new Set<string>();
  private rated = false;

  constructor(first: Step, now: number) {
    this.effects(first.effects, now);
    this.after(first.state, now, false);
  }

  /** One step, from the state before to the state after. */
  step(before: ConversationState, event: ConversationEvent, taken: Step, now: number): void {
    const { state } = taken;
    if (event.type === 'command' && HUMAN_COMMANDS.some((type) => type === event.command.type) && 'messageId' in event.command) {
      this.humanWords.add(event.command.messageId ?? '');
    }
    // What the target has answered.
    if (event.type === 'command' && event.command.type === 'unmerge') this.humanWords.add(`conversation/${before.mergedInto}`);
    if (event.type === 'message' && event.author === 'agent') this.humanWords.add(event.messageId);
    if (event.type === 'customerAct' && event.act === 'rated') this.rated = true;
    if (state.priority !== before.priority) this.priorityAt = now;
    this.effects(taken.effects, now);
    for (const entry of taken.timeline) {
      if (entry.data.kind !== 'update') continue;
      if (entry.type === 'promise.breached') this.missedInARow.set(`update:${String(entry.data.cycle)}`, ++this.missed);
      if (entry.type === 'promise.met') this.missed = 0;
    }
    this.quieten(before, event, state);
    for (const promise of state.promises) {
      const earlier = before.promises.find(({ key }) => key === promise.key);
      if (earlier) this.changed(event, taken, earlier, promise);
      this.met(event, earlier, promise);
    }
    const dropped = before.promises.filter(({ key }) => !state.promises.some((promise) => promise.key === key));
    expect(dropped.filter(isUnmet)).toEqual([]);
    this.after(state, now, taken.refusal !== undefined);
  }

  /** All that was due by now has had its turn: whatever is unmet has led to what the policy names. */
  settled(state: ConversationState, now: number): void {
    for (const promise of state.promises) {
      if (!isUnmet(promise) || promise.paused || now < promise.dueAt + HOLD_MS) continue;
      expect(promise.state).toBe('breached');
      switch (promise.kind) {
        case 'dispatch':
          this.expectOnPage(promise);
          break;
        case 'firstResponse':
        case 'chatResponse':
        case 'feedback':
          this.expectOnPage(promise);
          this.expectNextLevel(promise);
          break;
        case 'nextResponse':
          this.expectNotice(promise, 'breached');
          if (state.priority === 'urgent' && !this.quiet.has(promise.key) && this.priorityLongAgo(promise, now)) this.expectOnPage(promise);
          break;
        case 'update':
          this.expectNotice(promise, 'halfTime');
          this.expectNotice(promise, 'breached');
          if ((this.missedInARow.get(`update:${promise.cycle}`) ?? 0) >= 2 && isUrgentOrHigh(state) && this.priorityAt < promise.dueAt) {
            this.expectOnPage(promise);
          }
          break;
        default:
          promise.kind satisfies never;
      }
    }
  }

  private after(state: ConversationState, now: number, refused: boolean): void {
    const next = nextInstant(state);
    // A refused command is no turn: what is due at that very instant still wakes the conversation.
    if (next !== null && !refused) expect(next.at).toBeGreaterThan(now);
    expect(state.page === null ? null : { n: state.page.n, causes: new Set(state.page.causes.map(({ key }) => key)) }).toEqual(this.page);
    expect(new Set(state.promises.map(({ key }) => key)).size).toBe(state.promises.length);
    for (const promise of state.promises) {
      if (promise.state === 'breached') expect(promise.breachedAt).toBe(promise.dueAt);
      else expect(promise.breachedAt).toBeUndefined();
      if (promise.state === 'met') expect(promise.metAt).toBeDefined();
      if (promise.state === 'cancelled') expect(promise.reason).toBeDefined();
    }
    if (state.status === 'closed') expect(state.promises.filter(isUnmet)).toEqual([]);
  }

  private changed(event: ConversationEvent, taken: Step, earlier: PromiseRecord, promise: PromiseRecord): void {
    if (earlier.state === 'breached') expect(promise.state).toBe('breached');
    if (earlier.cancelledAt !== undefined) expect(promise).toEqual(earlier);
    if (earlier.metAt !== undefined) expect(promise).toMatchObject({ metAt: earlier.metAt, metBy: earlier.metBy });
    if (earlier.dueAt === promise.dueAt) return;
    const reprioritised =
      (event.type === 'command' && (event.command.type === 'priority' || event.command.type === 'convert')) ||
      (event.type === 'customerAct' && event.act === 'productionDown') ||
      // Under a better plan or by a copy of the first mail, and only ever earlier.
      (event.type === 'command' && (event.command.type === 'requester' || event.command.type === 'copied') && promise.dueAt < earlier.dueAt);
    const moved = event.type === 'merged' || event.type === 'unmerged';
    if (event.type === 'unmerged') this.gotBack.add(promise.key);
    const resumed = promise.kind === 'nextResponse' && taken.timeline.some(({ type }) => type === 'promise.resumed');
    expect({ earlier, promise, event, allowed: reprioritised || resumed || moved }).toMatchObject({ allowed: true });
  }

  private met(event: ConversationEvent, earlier: PromiseRecord | undefined, promise: PromiseRecord): void {
    if (promise.metAt === undefined || earlier?.metAt !== undefined) return;
    const machine = event.type === 'message' && event.machine;
    // Words in a chat reach whoever is there, or comes back.
    const isBack = event.type === 'presence' && event.found !== 'gone';
    expect({ event, byHand: isBack || (!machine && ['command', 'delivered', 'message'].includes(event.type)) }).toMatchObject({ byHand: true });
    const isGone = event.type === 'command' && 'gone' in event.command && event.command.gone === true;
    if (isGone && promise.kind !== 'feedback' && promise.kind !== 'dispatch') expect({ event, promise, met: true }).toMatchObject({ met: false });
    if (promise.kind === 'dispatch') expect(promise.metBy).toMatch(/^a\d$/);
    else expect([...this.humanWords]).toContain(promise.metBy);
  }

  private effects(effects: readonly Effect[], now: number): void {
    for (const effect of effects) {
      expect({ key: effect.key, known: this.keys.has(effect.key) }).toEqual({ key: effect.key, known: false });
      this.keys.add(effect.key);
      switch (effect.type) {
        case 'openPage':
          expect(this.page).toBeNull();
          this.pages += 1;
          expect(effect.page).toBe(this.pages);
          this.page = { n: effect.page, causes: new Set() };
          this.rings(effect.cause, effect.page, now, true);
          break;
        case 'addCause':
          expect(this.page?.n).toBe(effect.page);
          this.rings(effect.cause, effect.page, now, false);
          break;
        case 'causeOver':
          expect(this.page?.n).toBe(effect.page);
          expect(this.page?.causes.delete(effect.cause)).toBe(true);
          if (this.page?.causes.size === 0) this.page = null;
          break;
        case 'nextLevel':
          expect(this.page?.n).toBe(effect.page);
          expect(this.page?.causes).toContain(effect.cause);
          if (effect.reason === 'asked') break;
          expect(this.climbed.get(effect.cause)).toBeUndefined();
          this.climbed.set(effect.cause, now);
          break;
        case 'notice':
          this.notices.push(effect);
          break;
        case 'mail':
          this.mails(effect);
          break;
        case 'claimClose':
        case 'checkPresence':
          break;
        default:
          effect satisfies never;
      }
    }
  }

  /** One question about how it went, once; and what was mailed together is not mailed again. */
  private mails({ mail, facts }: Extract<Effect, { type: 'mail' }>): void {
    if (mail === 'csat') expect(this.rated).toBe(false);
    if (mail === 'csat') this.rated = true;
    if (mail !== 'chatUnseen') return;
    for (const message of String(facts['messages']).split(' ')) {
      expect({ message, mailed: this.mailedInChat.has(message) }).toEqual({ message, mailed: false });
      this.mailedInChat.add(message);
    }
  }

  private rings(cause: PageCause, page: number, now: number, opened: boolean): void {
    // No cause ever opens or joins twice, neither this page nor another.
    expect({ cause, rung: this.rung.get(cause.key) }).toEqual({ cause, rung: undefined });
    this.rung.set(cause.key, { page, now, opened, reason: cause.reason });
    this.page?.causes.add(cause.key);
  }

  /** Promises that a slight message began, until something that is not slight is written. */
  private quieten(before: ConversationState, event: ConversationEvent, state: ConversationState): void {
    if (event.type === 'customerAct') this.quiet.clear();
    if (event.type !== 'message' || event.author !== 'customer' || event.machine) return;
    if (!event.slight || event.triage) return this.quiet.clear();
    const began = state.promises.filter(({ kind, key }) => kind === 'nextResponse' && !before.promises.some((other) => other.key === key));
    for (const { key } of began) this.quiet.add(key);
  }

  private priorityLongAgo(promise: PromiseRecord, now: number): boolean {
    return this.priorityAt < promise.dueAt || now > this.priorityAt + 5 * DAY_MS;
  }

  private expectOnPage(promise: PromiseRecord): void {
    expect({ promise, onPage: this.page?.causes.has(promise.key) ?? false }).toMatchObject({ onPage: true });
  }

  private expectNextLevel(promise: PromiseRecord): void {
    const rung = this.rung.get(promise.key);
    // What had climbed before a merge, or its undo, begins anew at the first level.
    const moved = rung?.reason === 'merged' || rung?.reason === 'unmerged';
    const startedWithIt = (rung?.opened === true || moved) && (rung.now >= promise.dueAt || this.gotBack.has(promise.key));
    if (!startedWithIt) expect({ promise, climbed: this.climbed.has(promise.key) }).toMatchObject({ climbed: true });
  }

  private expectNotice(promise: PromiseRecord, notice: 'breached' | 'halfTime'): void {
    // What was said of it before it came here is not said again.
    if (promise.claims?.some((claim) => claim.noticed)) return;
    const found = this.notices.some((other) => other.notice === notice && other.promise === promise.kind && other.dueAt === promise.dueAt);
    expect({ promise, notice, found }).toMatchObject({ found: true });
  }
}
