import { randomUUID } from 'node:crypto';
import type { ConversationRecord } from '../../db/conversations';
import type { ParticipantRecord } from '../../db/participants';
import type { Proposal } from '../../db/proposals';
import { PRIORITIES, PRIORITY_TEXT, type Priority } from '../../policy/words';
import { html, type Html } from './html';
import { chip } from './words';
import type { Act } from './conversation-acts';

/** What an agent can still change in a form that was refused. */
export type Draft = Extract<Act, { body?: unknown }>;

/** Times that "be right back" offers, in minutes. */
const BACK_IN = [10, 20, 30, 60, 120];

/** A form of one conversation's page: what it does, its own key, and its fields. */
export function actFormOf(number: number, act: Act['act'], fields: Html, more: { hidden?: Record<string, string>; className?: string } = {}): Html {
  const hidden = { act, key: randomUUID(), ...more.hidden };
  return html`<form method="post" action="/conversations/${number}" class="${more.className ?? act}">
    ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)} ${fields}
  </form>`;
}

/** The buttons that need no words. */
export function quickActs(record: ConversationRecord, agent: string): Html {
  const button = (act: Act['act'], words: string) => actFormOf(record.number, act, html`<button class="second">${words}</button>`);
  return html`<div class="acts">
    ${record.assignee !== agent && button('assignToMe', 'Assign to me')} ${record.status !== 'solved' && button('closingQuestion', 'Anything else?')}
    ${record.status !== 'solved' && button('solve', 'Solve')}
  </div>`;
}

/** Everything that takes words or a choice, the answer first. */
export function writingActs(record: ConversationRecord, draft: Draft | undefined): Html {
  const { number, lastSeq } = record;
  const words = (act: Draft['act']) => (draft?.act === act ? (draft.body ?? '') : '');
  return html`${actFormOf(
    number,
    'reply',
    html`<label for="reply-body">Answer the customer</label>
      <textarea id="reply-body" name="body" rows="6" required>${words('reply')}</textarea>
      <button>Send</button>`,
    { hidden: { seenUpTo: String(lastSeq) } },
  )}
  ${folded('Write an internal note', draft?.act === 'note', noteForm(number, words('note')))}
  ${record.status !== 'solved' && folded('Be right back', draft?.act === 'beRightBack', beRightBackForm(number, words('beRightBack')))}
  ${record.kind === 'chat' && folded('Make it a ticket', draft?.act === 'convert', convertForm(record, words('convert')))}
  ${folded('Change the priority', false, priorityForm(record))}`;
}

/** Who is in the thread, whom its mails propose, and what can be done about it. */
export function peopleActs(record: ConversationRecord, people: readonly ParticipantRecord[], proposals: readonly Proposal[]): Html {
  const { number } = record;
  const button = (act: 'admit' | 'showOnly' | 'takeOut', person: string, words: string, who: string) =>
    actFormOf(number, act, html`<button class="second">${words} <span class="unseen">${who}</span></button>`, { hidden: { person } });
  const others = people.filter(({ role }) => role !== 'requester');
  return html`${
    others.length + proposals.length > 0 &&
    html`<ul class="rows">
      ${others.map(({ id, name, email, phone, role }) => {
        const who = name ?? email ?? phone ?? 'this person';
        return html`<li>
          ${who} ${role === 'thirdParty' && chip('only shown, not written to', 'warn')}
          <div class="acts">
            ${role === 'thirdParty' ? button('admit', id, 'Write to', who) : button('showOnly', id, 'Write no more to', who)}
            ${button('takeOut', id, 'Take out', who)}
          </div>
        </li>`;
      })}
      ${proposals.map(
        ({ id, name, email, role }) =>
          html`<li>
            ${name ?? ''} ${email} ${chip(role === 'requester' ? 'may be who asked' : 'in To or Cc')}
            <div class="acts">
              ${
                role === 'requester'
                  ? actFormOf(number, 'requester', html`<button class="second">This is who asked <span class="unseen">${email}</span></button>`, {
                      hidden: { email, ...(name !== null && { name }) },
                    })
                  : button('admit', id, 'Write to', email)
              }
              ${button('takeOut', id, 'Turn down', email)}
            </div>
          </li>`,
      )}
    </ul>`
  }
  ${folded('Add somebody', false, personForm(number, 'addPerson', 'Add'))}
  ${folded('Somebody else asked', false, personForm(number, 'requester', 'This is who asked'))}`;
}

/** Makes it a part of another conversation. */
export function mergeForm({ number }: ConversationRecord): Html {
  return folded(
    'Make it a part of another conversation',
    false,
    actFormOf(
      number,
      'merge',
      html`<label for="merge-into">Number of the other one</label>
        <input id="merge-into" name="into" type="number" min="1" required />
        <label class="check"><input type="checkbox" name="force" value="yes" /> also if it is another customer’s</label>
        <button class="second">Merge</button>`,
    ),
  );
}

/** Takes the merge back. */
export function unmergeButton(number: number): Html {
  return actFormOf(number, 'unmerge', html`<button class="second">Take it out again</button>`);
}

function noteForm(number: number, words: string): Html {
  return actFormOf(
    number,
    'note',
    html`<label for="note-body">Internal note</label>
      <textarea id="note-body" name="body" rows="6" required>${words}</textarea>
      <button class="second">Keep the note</button>`,
  );
}

function beRightBackForm(number: number, words: string): Html {
  return actFormOf(
    number,
    'beRightBack',
    html`<label for="back-in">Back</label>
      <select id="back-in" name="minutes">
        <option value="">in a moment</option>
        ${BACK_IN.map((minutes) => html`<option value="${minutes}">in ${minutes} minutes</option>`)}
      </select>
      <label for="back-body">In your own words</label>
      <textarea id="back-body" name="body" rows="2" placeholder="I’ll go and check this and be right back.">${words}</textarea>
      <button class="second">Tell the customer</button>`,
  );
}

function convertForm({ number, priority }: ConversationRecord, words: string): Html {
  return actFormOf(
    number,
    'convert',
    html`<p class="quiet">The thread and its number stay. The customer is told when they will hear from us.</p>
      ${prioritySelect('convert-priority', priority)}
      <fieldset>
        <legend>Who goes on with it</legend>
        <label class="check"><input type="radio" name="owner" value="keep" checked /> I keep it</label>
        <label class="check"><input type="radio" name="owner" value="handOver" /> Somebody else takes it</label>
      </fieldset>
      <label for="convert-body">A word to the customer</label>
      <textarea id="convert-body" name="body" rows="2">${words}</textarea>
      <button class="second">Make it a ticket</button>`,
  );
}

function priorityForm({ number, priority }: ConversationRecord): Html {
  return actFormOf(number, 'priority', html`${prioritySelect('priority-choice', priority)} <button class="second">Change</button>`);
}

function prioritySelect(id: string, chosen: Priority): Html {
  return html`<label for="${id}">Priority</label>
    <select id="${id}" name="priority">
      ${PRIORITIES.map((priority) => html`<option value="${priority}" ${priority === chosen && html`selected`}>${priority}: ${PRIORITY_TEXT[priority]}</option>`)}
    </select>`;
}

function personForm(number: number, act: 'addPerson' | 'requester', words: string): Html {
  return actFormOf(
    number,
    act,
    html`<label for="${act}-email">E-mail address</label>
      <input id="${act}-email" name="email" type="email" autocomplete="off" required />
      <label for="${act}-name">Name</label>
      <input id="${act}-name" name="name" autocomplete="off" />
      <button class="second">${words}</button>`,
  );
}

function folded(summary: string, open: boolean, content: Html): Html {
  return html`<details ${open && html`open`}>
    <summary>${summary}</summary>
    ${content}
  </details>`;
}
