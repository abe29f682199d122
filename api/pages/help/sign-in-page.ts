import type { PageAnswer } from '../../route';
import { html } from '../html';
import { helpAnswer, problemBox, type HelpView } from './frame';

/** Asks for the address that a code is mailed to; `number` is the conversation to go on to. */
export function signInAnswer(view: HelpView, given: { readonly email?: string; readonly problem?: string; readonly number?: string | null } = {}): PageAnswer {
  const { words, to } = view;
  const say = words.signIn;
  const problems = new Map(given.problem === undefined ? [] : [['email', given.problem] as const]);
  return helpAnswer(view, {
    title: say.title,
    status: problems.size === 0 ? 200 : 400,
    switches: view.request.method === 'GET',
    body: html`<h1>${say.title}</h1>
      <p>${say.lead}</p>
      ${problemBox(words, problems)}
      <form method="post" action="${to('/help/codes')}" class="narrow" novalidate>
        ${numberField(given.number)}
        <label for="email">${say.email}</label>
        <input
          id="email"
          name="email"
          type="email"
          autocomplete="email"
          inputmode="email"
          maxlength="254"
          required
          value="${given.email ?? ''}"
          ${problems.size > 0 && html`aria-invalid="true" aria-describedby="problems"`}
        />
        <button class="send">${say.send}</button>
      </form>`,
  });
}

/** Asks for the code; says the same whether we know the address or not. */
export function codeAnswer(view: HelpView, given: { readonly email: string; readonly number: string | null; readonly problem?: string }): PageAnswer {
  const { words, to } = view;
  const say = words.signIn;
  const problems = new Map(given.problem === undefined ? [] : [['code', given.problem] as const]);
  return helpAnswer(view, {
    title: say.codeTitle,
    status: problems.size === 0 ? 200 : 403,
    body: html`<h1>${say.codeTitle}</h1>
      <p>${say.codeLead(given.email)}</p>
      ${problemBox(words, problems)}
      <form method="post" action="${to('/help/sessions')}" class="narrow">
        ${numberField(given.number)} <input type="hidden" name="email" value="${given.email}" />
        <label for="code">${say.code}</label>
        <input
          id="code"
          name="code"
          type="text"
          inputmode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9 ]{6,8}"
          maxlength="8"
          required
          autofocus
          aria-describedby="code-hint"
          ${problems.size > 0 && html`aria-invalid="true"`}
        />
        <p class="quiet hint" id="code-hint">${say.codeHint}</p>
        <button class="send">${say.enter}</button>
      </form>
      <form method="post" action="${to('/help/codes')}" class="narrow again">
        ${numberField(given.number)}
        <label for="email">${say.again}</label>
        <input id="email" name="email" type="email" autocomplete="email" maxlength="254" required value="${given.email}" />
        <button class="second">${say.newCode}</button>
      </form>`,
  });
}

function numberField(number: string | null | undefined) {
  return number != null && html`<input type="hidden" name="number" value="${number}" />`;
}
