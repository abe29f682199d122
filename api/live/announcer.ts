import { agentsViewing, presenceOf } from '../../db/presence';
import { tellPassing } from '../../db/live-events';
import { peopleShown } from '../../db/people-shown';
import { codeOf } from '../../intake/woken-loop';
import type { ApiContext } from '../context';
import { avatarUrl } from '../file-links';
import { rfc3339 } from '../schemas/text';
import type { LiveEvent, Shown } from './frames';
import type { Hub } from './hub';
import type { Passing } from './passing';
import type { Subscription } from './peer';
import { Told } from './told';

/** Tells what passes: who types, who is there. Nothing of it is kept, and nothing is told again after a broken connection. */
export class Announcer {
  /** When those who have left count as gone, by conversation: only while an agent looks. */
  readonly #leaving = new Map<number, NodeJS.Timeout>();
  readonly #telling = new Set<Promise<void>>();

  constructor(
    private readonly context: ApiContext,
    private readonly hub: Hub,
  ) {}

  /** Tells all api processes, this one included. */
  async tell(passing: Passing): Promise<void> {
    await this.#try(() => tellPassing(this.context.db, passing));
  }

  /** Tells those who are connected here. */
  heard(passing: Exclude<Passing, { about: 'said' }>): void {
    const telling = this.#try(() => this.#tellHere(passing)).finally(() => this.#telling.delete(telling));
    this.#telling.add(telling);
  }

  /** What an agent who begins to look at a conversation should know. */
  async greet(subscription: Subscription): Promise<void> {
    const { subject, peer } = subscription;
    if (subject === 'queue' || peer.actor?.kind !== 'agent') return;
    for (const event of [await this.#presence(subscription.root), await this.#viewing(subscription.root)]) {
      if (event !== null) peer.send({ type: 'event', number: subject, event });
    }
  }

  async close(): Promise<void> {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
    await Promise.all(this.#telling);
  }

  async #tellHere(passing: Exclude<Passing, { about: 'said' }>): Promise<void> {
    const { number } = passing;
    const { to, queue } = this.hub.listeners(number);
    const agents = [...to, ...queue].filter(({ peer }) => peer.actor?.kind === 'agent');
    switch (passing.about) {
      case 'typing':
        return this.#typing(passing, [...to, ...queue]);
      case 'viewing':
        return agents.length === 0 ? undefined : send(agents, number, await this.#viewing(number));
      case 'presence':
        return agents.length === 0 ? undefined : send(agents, number, await this.#presence(number));
      default:
        return passing satisfies never;
    }
  }

  async #typing({ number, by, on }: Extract<Passing, { about: 'typing' }>, to: readonly Subscription[]): Promise<void> {
    const others = await this.#whoMayHear(
      number,
      to.filter(({ peer }) => peer.reader !== by),
    );
    if (others.length === 0) return;
    const [who] = await this.#shown([by]);
    if (who === undefined) return;
    const { id: _, ...shown } = who;
    send(others, number, { kind: 'typing', who: shown, on });
  }

  /** Customers who listen to what was merged into conversation `number` hear of it only if it is theirs at this moment. */
  async #whoMayHear(number: number, to: readonly Subscription[]): Promise<Subscription[]> {
    const told = new Told(this.context);
    const may = await Promise.all(
      to.map(async ({ peer: { actor }, subject }) => {
        if (actor?.kind !== 'visitor') return actor !== null;
        const hears = subject === 'queue' ? null : await told.hears(actor, subject);
        return hears !== null && 'own' in hears && hears.own.parts.includes(number);
      }),
    );
    return to.filter((_, index) => may[index]);
  }

  async #presence(number: number): Promise<LiveEvent | null> {
    const { customerGoneAfterMs } = this.context.policy().chats;
    const at = this.context.now();
    const presence = (await presenceOf(this.context.db, [number], { at, goneAfterMs: customerGoneAfterMs })).get(number);
    clearTimeout(this.#leaving.get(number));
    this.#leaving.delete(number);
    if (presence === undefined) return null;
    if (presence.state === 'away')
      this.#leaving.set(
        number,
        setTimeout(() => this.heard({ about: 'presence', number }), presence.goneAt - at),
      );
    return { kind: 'presence', state: presence.state, ...(presence.state === 'here' ? {} : { goneAt: rfc3339(new Date(presence.goneAt)) }) };
  }

  async #viewing(number: number): Promise<LiveEvent> {
    const agents = await agentsViewing(this.context.db, number, this.context.now());
    return { kind: 'viewing', agents: await this.#shown(agents.map((id) => `agent:${id}`)) };
  }

  async #shown(readers: readonly string[]): Promise<(Shown & { readonly id: string })[]> {
    return (await peopleShown(this.context.db, readers)).map(({ id, name, avatar, agent }) => ({ id, name, avatar: avatarUrl(avatar), agent }));
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.context.log.warn({ code: codeOf(error) }, 'who types or is there could not be told');
    }
  }
}

/** Once to each connection, however it listens. */
function send(to: readonly Subscription[], number: number, event: LiveEvent | null): void {
  if (event === null) return;
  for (const peer of new Set(to.map((subscription) => subscription.peer))) {
    const own = to.find((subscription) => subscription.peer === peer && subscription.subject !== 'queue');
    peer.send({
      type: 'event',
      number: typeof own?.subject === 'number' ? own.subject : number,
      ...(own === undefined ? { queue: true as const } : {}),
      event,
    });
  }
}
