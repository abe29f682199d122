import { randomBytes } from 'node:crypto';
import { answerBy, planShown, type ProvenContact } from '../../../intake/form';
import { officeOpen, officeOpensAt } from '../../../policy/promises';
import { PRIORITIES, type Priority } from '../../../policy/words';
import type { PageAnswer } from '../../route';
import { html, type Html, type Part } from '../html';
import { emptyDraft, NONE, systemsOf, type FormDraft, type Systems } from './form-draft';
import { helpAnswer, problemBox, type HelpView } from './frame';
import { momentTold, momentWords, zoneWords } from './told-time';

/** Who asks, as far as that is proven. */
export function provenOf({ visitor }: HelpView): ProvenContact | null {
  return visitor && { contactId: visitor.contactId, organizationId: visitor.organizationId };
}

/** What the form shows besides its fields: nothing yet, or what to change in what was sent. */
export interface FormShown {
  readonly draft: FormDraft;
  readonly systems: Systems;
  readonly problems: ReadonlyMap<string, string>;
  /** Files came with it, which have to be chosen again. */
  readonly filesLost: boolean;
  /** Recognises a form that is sent twice. */
  readonly key: string;
  /** 400 when there is something to change, unless said otherwise. */
  readonly status?: number;
}

/** The empty form; with `refused`, of somebody whose signed identity could not be checked. */
export async function emptyForm(view: HelpView, refused = false): Promise<PageAnswer> {
  const systems = await systemsOf(view);
  const problems = new Map(refused ? [['email', view.words.errors.identityUnknown]] : []);
  return formAnswer(view, { draft: emptyDraft(view, systems), systems, problems, filesLost: false, key: newFormKey(), ...(refused && { status: 401 }) });
}

/** A key that no other form has. */
export function newFormKey(): string {
  return randomBytes(16).toString('base64url');
}

/** The form with what stands in its fields, and what to change. */
export async function formAnswer(view: HelpView, shown: FormShown): Promise<PageAnswer> {
  const { words, context, visitor, to, carried } = view;
  const say = words.form;
  const { draft, systems, problems } = shown;
  const policy = context.policy();
  const plan = await planShown(context.db, policy, provenOf(view));
  const times = PRIORITIES.map((priority) => ({ priority, by: answerBy(policy, { plan, priority, at: view.teller.now }) }));
  return helpAnswer(view, {
    title: say.title,
    status: shown.status ?? (problems.size === 0 ? 200 : 400),
    embeddable: true,
    switches: view.request.method === 'GET',
    body: html`<h1>${say.title}</h1>
      ${officeBox(view)} ${problemBox(words, problems, shown.filesLost && html`<p>${words.errors.filesAgain}</p>`)}
      <form method="post" action="${to('/help/requests')}" enctype="multipart/form-data" class="request" novalidate>
        <input type="hidden" name="key" value="${shown.key}" />
        ${carried !== null && html`<input type="hidden" name="visitor" value="${carried}" />`}
        ${
          visitor !== null &&
          // Should the sign-in end before this is sent, nothing typed is lost, and the address neither.
          html`<input type="hidden" name="signedIn" value="${visitor.email}" />`
        }
        <fieldset class="plainset">
          <legend class="unseen">${say.who}</legend>
          <div class="pair">
            ${
              visitor === null
                ? field(
                    { id: 'email', label: say.email, problems },
                    (attributes) =>
                      html`<input type="email" value="${draft.email}" autocomplete="email" inputmode="email" maxlength="254" required ${attributes} />`,
                  )
                : field(
                    { id: 'email', label: say.email, problems, hint: say.emailLocked },
                    (attributes) => html`<input type="email" value="${draft.email}" readonly ${attributes} />`,
                  )
            }
            ${field(
              { id: 'name', label: say.name, optional: say.optional, problems },
              (attributes) =>
                html`<input
                  type="text"
                  value="${draft.name}"
                  autocomplete="name"
                  maxlength="200"
                  ${visitor !== null && draft.name !== '' && html`readonly`}
                  ${attributes}
                />`,
            )}
          </div>
        </fieldset>
        ${field(
          { id: 'subject', label: say.subject, problems },
          (attributes) => html`<input type="text" value="${draft.subject}" maxlength="500" required ${attributes} />`,
        )}
        ${field(
          { id: 'body', label: say.body, problems, hint: say.bodyHint },
          (attributes) => html`<textarea rows="8" maxlength="100000" required ${attributes}>${draft.body}</textarea>`,
        )}
        <div class="pair">
          ${system(view, { id: 'cluster', label: say.cluster, names: systems.clusters, value: draft.cluster, problems })}
          ${system(view, { id: 'website', label: say.website, names: systems.websites, value: draft.website, problems })}
        </div>
        <fieldset class="priorities" ${problems.has('priority') && html`aria-invalid="true"`}>
          <legend id="priority">${say.priority}</legend>
          <p class="quiet" id="times">
            ${say.ifSentNow}
            ${say.times(
              zoneWords(
                view.teller,
                times.flatMap(({ by }) => by ?? []),
              ),
            )}
          </p>
          ${times.map(({ priority, by }) => choice(view, priority, by, draft.priority === priority))}
        </fieldset>
        ${field(
          { id: 'files', label: say.files, optional: say.optional, problems, hint: say.filesHint },
          (attributes) => html`<input type="file" multiple ${attributes} />`,
        )}
        <div class="robots" aria-hidden="true">
          <label for="fax">${say.robots}</label><input id="fax" name="fax" type="text" tabindex="-1" autocomplete="off" />
        </div>
        <button class="send">${say.send}</button>
        <p class="quiet">${say.privacy}</p>
      </form>`,
  });
}

/** Whether we are there, and what to do when production is down. */
function officeBox(view: HelpView): Html {
  const { words, context, teller } = view;
  const say = words.form;
  const policy = context.policy();
  const { now } = teller;
  if (officeOpen(policy, now)) return html`<p class="office open">${say.open} ${say.down}</p>`;
  const opens = opening(view);
  return html`<p class="office shut">
    <strong>${opens === null ? say.closedForGood : say.closed(opens)}</strong> ${policy.outOfHours.page && say.emergency} ${say.down}
  </p>`;
}

/** When the office opens next, in words; null when it never does. */
export function opening({ context, teller }: HelpView): string | null {
  try {
    return momentWords(officeOpensAt(context.policy(), teller.now), teller);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'E_CALENDAR_NEVER_OPENS' || code === 'E_OUT_OF_RANGE') return null;
    throw error;
  }
}

/** One priority: its name, the handbook's situation, and when the answer comes. */
function choice({ words, teller }: HelpView, priority: Priority, by: number | null, checked: boolean): Html {
  const { name, situation } = words.form.priorities[priority];
  const told = by === null ? words.form.answerSoon : words.form.answerBy(momentWords(by, teller));
  return html`<label class="choice ${priority}">
    <input type="radio" name="priority" value="${priority}" required ${checked && html`checked`} />
    <span><strong>${name}</strong> <span class="situation">${situation}</span></span>
    <span class="due">${by === null ? told : html`<time datetime="${new Date(by).toISOString()}">${told}</time>`}</span>
  </label>`;
}

interface FieldGiven {
  readonly id: string;
  readonly label: string;
  readonly optional?: string;
  readonly hint?: string;
  readonly problems: ReadonlyMap<string, string>;
}

/** A labelled field with its hint and what is wrong with it, tied together for those who hear the page. */
function field({ id, label, optional, hint, problems }: FieldGiven, input: (attributes: Html) => Html): Html {
  const problem = problems.get(id);
  const described = [problem === undefined ? null : `${id}-problem`, hint === undefined ? null : `${id}-hint`].filter((part) => part !== null).join(' ');
  const attributes = html`id="${id}" name="${id}" ${described !== '' && html`aria-describedby="${described}"`}
  ${problem !== undefined && html`aria-invalid="true"`}`;
  return html`<div class="field">
    <label for="${id}">${label} ${optional !== undefined && html`<span class="quiet">(${optional})</span>`}</label>
    ${problem !== undefined && html`<p class="problem" id="${id}-problem">${problem}</p>`} ${input(attributes)}
    ${hint !== undefined && html`<p class="quiet hint" id="${id}-hint">${hint}</p>`}
  </div>`;
}

/** A cluster or website: a choice among one's own, or a name to type where we know of none. */
function system(
  { words }: HelpView,
  { id, label, names, value, problems }: { id: string; label: string; names: readonly string[] | null; value: string; problems: ReadonlyMap<string, string> },
): Html {
  const { optional, none } = words.form;
  const option = (name: string, text: string): Part => html`<option value="${name}" ${name === value && html`selected`}>${text}</option>`;
  return field({ id, label, optional, problems }, (attributes) =>
    names === null
      ? html`<input type="text" value="${value}" maxlength="253" autocapitalize="none" spellcheck="false" ${attributes} />`
      : html`<select ${attributes}>
          ${option('', '')} ${names.map((name) => option(name, name))} ${option(NONE, none)}
        </select>`,
  );
}

/** A request that has been sent: its number, when the answer comes, and what happens now. */
export interface SentRequest {
  readonly number: number;
  /** Milliseconds; null when nothing is promised. */
  readonly answerBy: number | null;
  readonly priority: Priority;
  readonly email: string;
  readonly onCallTold: boolean;
  readonly officeOpen: boolean;
  readonly statusPath: string;
}

/** The page after sending. */
export function sentAnswer(view: HelpView, sent: SentRequest): PageAnswer {
  const { words, teller, visitor, to, carried } = view;
  const say = words.sent;
  const opens = opening(view);
  return helpAnswer(view, {
    title: say.title(sent.number),
    embeddable: true,
    body: html`<h1>${say.title(sent.number)}</h1>
      ${
        sent.answerBy !== null &&
        html`<p class="promise">${say.answerBy}<strong>${momentTold(sent.answerBy, teller)}</strong><span>${zoneWords(teller, [sent.answerBy])}</span></p>`
      }
      ${visitor === null && html`<p class="quiet">${say.unproven}</p>`}
      <h2>${say.next}</h2>
      ${sent.priority === 'urgent' && html`<p>${say.urgent}</p>`}
      <p>${sent.onCallTold ? say.onCall : say.office} ${!sent.officeOpen && opens !== null && say.open(opens)}</p>
      <p>${say.mail(sent.email)}</p>
      <p>${say.status}<br /><a href="${sent.statusPath}" ${carried !== null && html`target="_blank" rel="noopener"`}>${say.statusLink}</a></p>
      ${carried === null && html`<p><a href="${to('/help')}">${say.another}</a></p>`}`,
  });
}
