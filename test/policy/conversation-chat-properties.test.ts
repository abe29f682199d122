import fc from 'fast-check';
import type { PolicySnapshot } from '../../policy/snapshot';
import { ChatVisitor } from '../kit/chat-visitor';
import { handbook } from './kit/policies';
import { Story } from './kit/story';
import { at, DAY_MS, MINUTE_MS, SECOND_MS } from './kit/times';

/**
 * Random chats with a customer who comes and goes, reads or does not, and agents who write. The presence rows are stood in for, so what must
 * hold is said of times that nobody has decided: when somebody was there, read, or went.
 */

let policy: PolicySnapshot;
beforeAll(async () => {
  policy = await handbook();
});

type Deed = 'comes' | 'leaves' | 'reads' | 'says' | 'asks' | 'writes' | 'convert' | 'undo';
interface Act {
  readonly waitMs: number;
  readonly deed: Deed;
}

const act: fc.Arbitrary<Act> = fc.record({
  waitMs: fc.oneof(fc.integer({ min: 0, max: 20 * SECOND_MS }), fc.integer({ min: 0, max: 3 * MINUTE_MS }), fc.integer({ min: 0, max: 40 * MINUTE_MS })),
  deed: fc.constantFrom<Deed>('comes', 'leaves', 'reads', 'says', 'says', 'says', 'asks', 'writes', 'convert', 'undo'),
});

/** A chat's life: its story by the rules, and its customer as they really are. */
class ChatLife {
  readonly story: Story;
  readonly visitor: ChatVisitor;
  now: number;
  readonly mails: { at: number; messages: readonly string[] }[] = [];
  readonly saidWhileGone = new Set<string>();
  private stay: { from: number; to: number } | null = null;
  private heard = 0;
  private count = 0;

  constructor(open: number) {
    this.story = new Story(policy, { at: open, kind: 'chat' });
    this.visitor = new ChatVisitor(policy.chats.customerGoneAfterMs);
    this.now = open;
    this.comes();
  }

  live({ waitMs, deed }: Act): void {
    this.pass(this.now + waitMs + 1);
    const { story, visitor, now } = this;
    const messageId = `m-${(this.count += 1)}`;
    switch (deed) {
      case 'comes':
        return this.comes();
      case 'leaves':
        if (this.stay) this.stay.to = now;
        this.stay = null;
        return;
      case 'reads':
        if (this.stay) visitor.reads(now);
        return;
      case 'says':
      case 'asks': {
        if (story.state.status === 'closed' || story.state.kind === 'ticket' || (deed === 'asks' && story.state.status === 'solved')) return;
        const gone = visitor.hasGoneAs(messageId, now);
        if (gone) this.saidWhileGone.add(messageId);
        const before = story.state;
        const type = deed === 'says' ? 'reply' : 'closingQuestion';
        story.command(now, { type, messageId, delivery: 'chat', recipients: [], ...(gone && { gone }) });
        expect(story.refusal).toBeUndefined();
        // Words to somebody who has gone keep nothing before they have left.
        if (gone) expect(story.state.answeredAt).toBe(before.answeredAt);
        else expect(story.owed()).not.toContain('chatResponse');
        break;
      }
      case 'writes':
        if (!this.stay || story.state.status === 'closed') return;
        story.customer(now, { channel: 'chat' });
        break;
      case 'convert':
        if (this.count % 5 === 0) story.command(now, { type: 'convert', keep: true, recipients: ['c1'] });
        break;
      case 'undo': {
        const waiting = story.state.outgoing.find(({ released }) => !released)?.messageId;
        if (waiting === undefined) return;
        story.command(now, { type: 'undoReply', messageId: waiting });
        visitor.messages.splice(
          visitor.messages.findIndex(({ id }) => id === waiting),
          1,
        );
        break;
      }
      default:
        deed satisfies never;
    }
    this.hear();
  }

  /** Time passes; every look is answered at the instant for which it was meant. */
  pass(end: number): void {
    for (let next = this.story.state.unseenCheckAt; next !== null && next < end; next = this.story.state.unseenCheckAt) {
      this.story.until(next);
      if (this.story.state.unseenCheckAt === next) break;
      this.hear();
    }
    this.story.until(end);
    this.hear();
    this.now = end;
  }

  private comes(): void {
    if (this.stay) return;
    this.stay = { from: this.now, to: Infinity };
    this.visitor.stays.push(this.stay);
  }

  /** Answers looks, and takes mails. */
  private hear(): void {
    for (; this.heard < this.story.effects.length; this.heard += 1) {
      const effect = this.story.effects[this.heard];
      if (effect?.type === 'checkPresence') {
        const found = this.visitor.look(effect);
        this.story.late(this.story.now, { type: 'presence', at: effect.at, ...found, ...(effect.messages && { asked: effect.messages }) });
      } else if (effect?.type === 'mail' && effect.mail === 'chatUnseen' && effect.messageId !== undefined) {
        this.mails.push({ at: effect.at, messages: String(effect.facts['messages']).split(' ') });
        this.story.late(this.story.now, { type: 'delivered', messageId: effect.messageId, at: this.story.now });
      }
    }
  }
}

const CHATS = { minLength: 1, maxLength: 40, size: 'max' } as const;
const opened = fc.integer({ min: 0, max: 9 * 60 }).map((minutes) => at('Mon 08:00') + minutes * MINUTE_MS);

it('mails what was not seen, once and in time, and nothing that was', () => {
  const kinds = { mailed: 0, seen: 0, together: 0, whileGone: 0 };
  fc.assert(
    fc.property(opened, fc.array(act, CHATS), (open, acts) => {
      const life = new ChatLife(open);
      for (const next of acts) life.live(next);
      life.pass(life.now + 2 * DAY_MS);
      const mailed = new Map(life.mails.flatMap((mail) => mail.messages.map((message) => [message, mail.at])));
      expect(mailed.size).toBe(life.mails.reduce((sum, { messages }) => sum + messages.length, 0));
      for (const { id, at: saidAt, seenAt = Infinity } of life.visitor.messages) {
        const mailedAt = mailed.get(id);
        kinds[mailedAt === undefined ? 'seen' : life.saidWhileGone.has(id) ? 'whileGone' : 'mailed'] += 1;
        if (mailedAt === undefined) {
          // Seen, and no later than it would have been mailed; what comes of an open tab is known after five minutes.
          expect(seenAt).toBeLessThanOrEqual(saidAt + 5 * MINUTE_MS);
          continue;
        }
        expect(seenAt).toBeGreaterThan(mailedAt);
        expect(mailedAt).toBeGreaterThanOrEqual(saidAt);
        expect(mailedAt).toBeLessThanOrEqual(saidAt + 5 * MINUTE_MS);
        // Whoever is not there when it is said, nor in the minute after, has it a minute later; undo-send may take its seconds.
        const last = life.visitor.presentAt(saidAt + MINUTE_MS);
        if (last === null || last <= saidAt) expect(mailedAt).toBeLessThanOrEqual(saidAt + MINUTE_MS + 10 * SECOND_MS * life.visitor.messages.length);
        if (life.saidWhileGone.has(id)) expect(mailedAt).toBeGreaterThanOrEqual(saidAt + 10 * SECOND_MS);
      }
      kinds.together += life.mails.filter(({ messages }) => messages.length > 1).length;
      // Nothing is left on its way, and no look either, unless the end is awaited.
      expect(life.story.state.outgoing).toEqual([]);
      expect(life.story.state.unseenCheckAt === null || life.story.state.closingAsked).toBe(true);
    }),
    { numRuns: 300 },
  );
  expect(Object.entries(kinds).filter(([, count]) => count < 50)).toEqual([]);
}, 60_000);

it('ends half an hour after they have gone, asked whether that was all, and never while they are there', () => {
  fc.assert(
    fc.property(opened, fc.array(act, { minLength: 0, maxLength: 10 }), fc.integer({ min: 0, max: 200 }), (open, acts, minutes) => {
      const life = new ChatLife(open);
      for (const next of acts) if (next.deed !== 'convert') life.live(next);
      if (life.story.state.status === 'closed') return;
      if (life.story.state.status === 'solved') life.story.status(life.now, 'open');
      life.live({ waitMs: 0, deed: 'says' });
      life.live({ waitMs: SECOND_MS, deed: 'asks' });
      const askedAt = life.now;
      life.live({ waitMs: 0, deed: 'comes' });
      life.live({ waitMs: minutes * MINUTE_MS, deed: 'leaves' });
      const leftAt = life.now;
      expect(life.story.state.status).toBe('pending');
      life.pass(leftAt + 4 * 60 * MINUTE_MS);
      expect(life.story.state.status).toBe('solved');
      expect(life.story.state.solvedAt).toBe(Math.max(leftAt + MINUTE_MS, askedAt) + 30 * MINUTE_MS);
    }),
    { numRuns: 200 },
  );
}, 60_000);
