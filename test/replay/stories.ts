import { setTimeout as sleep } from 'node:timers/promises';
import { conversationWorkflowId } from '../../messages/ids';
import type { PresenceLook } from '../../messages/activities';
import type { PresenceFound } from '../../policy/presence';
import type { PolicySnapshot } from '../../policy/snapshot';
import { ChatVisitor } from '../kit/chat-visitor';
import { eventually, reply, type Started, type WorkflowDesk } from '../kit/workflow-desk';

/** What a recorded story is told with. */
export interface Stage {
  readonly desk: WorkflowDesk;
  /** Its office is open, and everything is due within seconds. */
  readonly open: PolicySnapshot;
  /** Its office is closed now. */
  readonly closed: PolicySnapshot;
  /** Whoever leaves a chat has gone within seconds. */
  readonly chats: PolicySnapshot;
}

/** The customers of the stage's chats, by number: what the presence rows would say. */
const visitors = new Map<number, ChatVisitor>();

/** What a look at a chat's presence finds: somebody who has read everything, unless a story has a visitor of its own. */
export function presenceOnStage(look: PresenceLook): PresenceFound {
  return visitors.get(look.number)?.look(look) ?? { found: 'seen', claimed: [], presentAt: look.at };
}

/** A chat with a visitor who has it before them. */
async function chatting({ desk, chats: policy }: Stage): Promise<{ chat: Started; visitor: ChatVisitor; says: (words: Chatting) => Promise<unknown> }> {
  const chat = await desk.start({ receivedAt: Date.now(), policy, kind: 'chat', channel: 'chat', receipt: false });
  const visitor = new ChatVisitor(policy.chats.customerGoneAfterMs);
  visitors.set(chat.number, visitor);
  const says = (words: Chatting) => {
    const at = Date.now();
    return chat.command({ ...words, delivery: 'chat', recipients: [], ...(visitor.hasGoneAs(words.messageId, at) && { gone: true }) }, at);
  };
  return { chat, visitor, says };
}

type Chatting = { readonly type: 'reply' | 'closingQuestion'; readonly messageId: string };

/** One story: from its beginning to where its history is worth keeping. */
export type Story = (stage: Stage) => Promise<Started>;

const mailed = ({ desk }: Stage, { number }: Started, kind: string) =>
  eventually(`${kind} of #${number} is mailed`, () => desk.outside.mails.some((mail) => mail.number === number && mail.effect.mail === kind));
const rung = ({ desk }: Stage, { number }: Started, rings: number) =>
  eventually(`#${number} rings`, () => desk.outside.attempts.filter((attempt) => attempt.number === number && attempt.mode === 'ring').length >= rings);
const over = ({ desk }: Stage, { number }: Started) =>
  eventually(`the page of #${number} is over`, () => desk.outside.pages.some((page) => page.number === number && page.state === 'over'));
/** Long enough for the last projection to be written: where a history rests. */
const rest = () => sleep(1_500);

/** The interesting rows of the state table, each as it once went. */
export const STORIES: Readonly<Record<string, Story>> = {
  async 'answered-solved-closed'(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.open });
    await ticket.command(reply('answer'), Date.now());
    await mailed(stage, ticket, 'reply');
    await rest();
    await ticket.writes(Date.now(), { slight: true });
    await rest();
    await ticket.command({ type: 'status', status: 'solved' }, Date.now());
    await mailed(stage, ticket, 'solved');
    await ticket.handle.result();
    return ticket;
  },

  async 'nobody-takes-it'(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.open });
    await rung(stage, ticket, 1);
    await rest();
    await ticket.command({ type: 'escalate' }, Date.now());
    await rung(stage, ticket, 2);
    await rest();
    await ticket.command({ type: 'assign', agent: 'agent-2', away: false, force: false }, Date.now());
    await over(stage, ticket);
    await ticket.command({ type: 'note', messageId: 'note' }, Date.now());
    await rest();
    return ticket;
  },

  async 'solved-and-reopened'(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.open });
    await ticket.command(reply('answer', { status: 'solved' }), Date.now());
    await mailed(stage, ticket, 'solved');
    await rest();
    await ticket.writes(Date.now());
    await rest();
    await ticket.command(reply('second', { status: 'pending', updateBy: Date.now() + 3_600_000 }), Date.now());
    await rest();
    await rest();
    return ticket;
  },

  async 'made-urgent'(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.open });
    await ticket.command({ type: 'priority', priority: 'urgent' }, Date.now());
    await rung(stage, ticket, 1);
    await rest();
    await ticket.command(reply('answer'), Date.now());
    await over(stage, ticket);
    await ticket.command({ type: 'priority', priority: 'low' }, Date.now());
    await rest();
    return ticket;
  },

  async 'out-of-hours'(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.closed });
    await rung(stage, ticket, 1);
    await rest();
    await ticket.command({ type: 'feedback', messageId: 'word', word: 'whenOpen', recipients: ['customer-1'] }, Date.now());
    await mailed(stage, ticket, 'feedback');
    await over(stage, ticket);
    await ticket.command({ type: 'beRightBack', messageId: 'back', delivery: 'mail', recipients: ['customer-1'] }, Date.now());
    await mailed(stage, ticket, 'beRightBack');
    await rest();
    return ticket;
  },

  async spam(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.closed });
    await rung(stage, ticket, 1);
    await ticket.command({ type: 'spam' }, Date.now());
    await ticket.handle.result();
    await over(stage, ticket);
    return ticket;
  },

  async 'taken-back'(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.open });
    await ticket.command(reply('hasty'), Date.now());
    await ticket.command({ type: 'undoReply', messageId: 'hasty' }, Date.now());
    await rest();
    await ticket.command({ type: 'call', messageId: 'call', outcome: 'reached' }, Date.now());
    await ticket.command({ type: 'tags', tags: ['phone'], cluster: ['c1'], website: [] }, Date.now());
    await ticket.command({ type: 'snooze', until: Date.now() + 2_000 }, Date.now());
    await rest();
    await rest();
    return ticket;
  },

  async 'comes-back'(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.open, participants: ['customer-bounces'] });
    await ticket.command(reply('answer', { recipients: ['customer-bounces'] }), Date.now());
    await mailed(stage, ticket, 'reply');
    await rest();
    await ticket.command({ type: 'closingQuestion', messageId: 'else', delivery: 'mail', recipients: ['customer-1'] }, Date.now());
    await mailed(stage, ticket, 'closingQuestion');
    await rest();
    return ticket;
  },

  async 'chat-becomes-ticket'(stage) {
    const chat = await stage.desk.start({ receivedAt: Date.now(), policy: stage.open, kind: 'chat', channel: 'chat' });
    await rung(stage, chat, 1);
    await chat.command(reply('hello', { delivery: 'chat' }), Date.now());
    await over(stage, chat);
    await chat.writes(Date.now(), { channel: 'chat' });
    await rest();
    await chat.command({ type: 'convert', keep: true, recipients: ['customer-1'], updateBy: Date.now() + 3_600_000 }, Date.now());
    await mailed(stage, chat, 'converted');
    await rest();
    return chat;
  },

  async 'chat-goes-on-by-mail'(stage) {
    const { chat, visitor, says } = await chatting(stage);
    visitor.isThere(Date.now(), Date.now() + 1_000);
    await says({ type: 'reply', messageId: 'hello' });
    await says({ type: 'reply', messageId: 'have-a-look' });
    await mailed(stage, chat, 'chatUnseen');
    await rest();
    await says({ type: 'reply', messageId: 'one-more' });
    await eventually('the second mail', () => stage.desk.outside.mails.filter(({ number }) => number === chat.number).length >= 2);
    await chat.writes(Date.now(), { channel: 'email' });
    await rest();
    visitor.isThere(Date.now());
    await chat.writes(Date.now(), { channel: 'chat' });
    await says({ type: 'reply', messageId: 'welcome-back' });
    visitor.reads(Date.now());
    await rest();
    await rest();
    return chat;
  },

  async 'chat-ends-in-silence'(stage) {
    const { chat, visitor, says } = await chatting(stage);
    visitor.isThere(Date.now(), Date.now() + 1_000);
    await says({ type: 'reply', messageId: 'hello' });
    await says({ type: 'closingQuestion', messageId: 'anything-else' });
    visitor.reads(Date.now());
    await mailed(stage, chat, 'solved');
    await rest();
    await chat.writes(Date.now(), { channel: 'chat', slight: true });
    await chat.command({ type: 'status', status: 'solved' }, Date.now());
    await rest();
    return chat;
  },

  async 'asked-how-it-went'(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.chats });
    await ticket.command(reply('answer', { status: 'solved' }), Date.now());
    await mailed(stage, ticket, 'solved');
    await rest();
    await ticket.command({ type: 'scheduled', action: 'askRating', do: 'advance' }, Date.now());
    await mailed(stage, ticket, 'csat');
    await rest();
    const { hash } = stage.chats;
    await ticket.signal(2, [{ type: 'customerAct', seq: 2, at: Date.now(), act: 'rated', score: 'good', policy: hash }]);
    await ticket.signal(3, [{ type: 'customerAct', seq: 3, at: Date.now(), act: 'transcript', contact: 'customer-1', policy: hash }]);
    await mailed(stage, ticket, 'transcript');
    await rest();
    return ticket;
  },

  async 'merged-and-taken-out'(stage) {
    const source = await stage.desk.start({ receivedAt: Date.now(), policy: stage.open });
    await rung(stage, source, 1);
    await source.command({ type: 'merge', into: source.number + 1_000_000 }, Date.now());
    await over(stage, source);
    await rest();
    await source.command({ type: 'unmerge', answeredAt: null }, Date.now());
    await rung(stage, source, 2);
    await rest();
    return source;
  },

  async 'another-joins'(stage) {
    const ticket = await stage.desk.start({ receivedAt: Date.now(), policy: stage.open });
    await ticket.command({ type: 'participants', contacts: ['customer-1', 'customer-2'] }, Date.now());
    const at = Date.now();
    const policy = stage.open.hash;
    const due = { kind: 'update', since: at, dueAt: at + 2_000, clock: 'elapsed', lengthMs: 2_000, noticeAt: at + 1_000, pageAt: null } as const;
    const handedOver = { participants: ['customer-3'], dues: [{ ...due, noticed: false, paged: false }], urgency: 'low', causes: [] } as const;
    await ticket.signal(2, [{ type: 'merged', seq: 2, at, from: 7, acknowledged: null, policy, ...handedOver }]);
    await rest();
    await ticket.command(reply('answer'), Date.now());
    await mailed(stage, ticket, 'reply');
    await rest();
    await ticket.signal(3, [{ type: 'bounce', seq: 3, at: Date.now(), messageId: 'answer', hard: true, policy }]);
    await ticket.signal(4, [{ type: 'unmerged', seq: 4, at: Date.now(), from: 7, policy }]);
    await ticket.command({ type: 'requester', contact: 'customer-2' }, Date.now());
    await rest();
    return ticket;
  },
};

/** Ids of the workflows that a story has left behind: the conversation and its pages. */
export function workflowsOf({ number }: Started): string {
  const id = conversationWorkflowId(number);
  return `WorkflowId = '${id}' OR WorkflowId STARTS_WITH '${id}/'`;
}
