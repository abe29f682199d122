import type { Priority } from '../../policy/words';
import { SEEDED } from './people';
import type { Act } from './story';

/** What happens in a seeded chat after its first words, in order. */
export type ChatAct =
  | Extract<Act, { reply: string } | { note: string } | { assign: string } | { customer: string }>
  | { readonly by: string; readonly beRightBack: true }
  | { readonly by: string; readonly closingQuestion: true }
  /** It takes more than a chat can give. */
  | { readonly by: string; readonly convert: Priority }
  /** The customer has read all of it. */
  | { readonly seen: true };

/** One chat: who began it, with which words, how long ago, and what came of it. */
export interface SeededChat {
  readonly key: string;
  /** Mail address of somebody in people.ts. */
  readonly from: string;
  readonly priority: Priority;
  readonly minutesAgo: number;
  readonly text: string;
  readonly acts: readonly ChatAct[];
}

/** Whose chat it is: each has an identity of its own, as a dashboard would sign it. */
export function identityOf({ key }: Pick<SeededChat, 'key'>): string {
  return `dashboard:${SEEDED}${key}`;
}

const SEEN = { seen: true } as const;

/** Waiting, answered, left, made a ticket, and about to end. */
export const CHATS: readonly SeededChat[] = [
  {
    key: 'chat-cache',
    from: 'noor.haddad@brightwell-learning.example',
    priority: 'normal',
    minutesAgo: 1,
    text: 'Hi! How do I clear the cache of campus.brightwell-learning.example without a deployment?',
    acts: [],
  },
  {
    key: 'chat-checkout',
    from: 'm.adeyemi@nordlicht-versand.example',
    priority: 'high',
    minutesAgo: 2,
    text: 'Checkout on b2b.nordlicht-versand.example hangs for some customers since a few minutes.',
    acts: [
      { by: 'jonas', reply: 'Hello Moses, I see it: two of six boxes on c17 answer slowly. One moment.' },
      { customer: 'Thank you for being so quick!' },
      { by: 'jonas', beRightBack: true },
      SEEN,
    ],
  },
  {
    key: 'chat-import',
    from: 'dev.patel@kestrel-cycles.example',
    priority: 'normal',
    minutesAgo: 3,
    text: 'Our product import needs 3 GB of memory for ten minutes at night. Is that possible on c22?',
    acts: [
      { by: 'tomasz', reply: 'Hi Dev, it is, but I would like to test it with a copy of your data first. That takes longer than a chat.' },
      { customer: 'Sure, no hurry.' },
      { by: 'tomasz', convert: 'low' },
      SEEN,
    ],
  },
  {
    key: 'chat-ssh',
    from: 'lucia.ramos@olivar-del-sur.example',
    priority: 'normal',
    minutesAgo: 3,
    text: 'Hola! Where can I add the SSH key of a new colleague?',
    acts: [
      { by: 'aoife', reply: 'Hola Lucía! In the dashboard: Account → People → SSH keys. It works a minute later.' },
      { customer: '👍' },
      SEEN,
      { by: 'aoife', closingQuestion: true },
    ],
  },
  {
    key: 'chat-newsletter',
    from: 'h.tarnow@tarnow-verlag.example',
    priority: 'low',
    minutesAgo: 45,
    text: 'Guten Tag, dürfen wir unseren Newsletter über Ihren Server verschicken? Es sind etwa 4.000 Adressen.',
    // She has left before the answer, so it goes out by mail.
    acts: [{ by: 'ines', reply: 'Guten Tag Frau Tarnow, lieber nicht: dafür gibt es Dienste, deren Mails auch ankommen. Ich schicke Ihnen gern eine Liste.' }],
  },
];
