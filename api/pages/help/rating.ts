import type { Request } from 'express';
import { rate } from '../../../intake/rate';
import type { Link } from '../../../messages/addresses';
import type { ApiContext } from '../../context';
import type { PageAnswer } from '../../route';
import { z } from '../../schemas/openapi-zod';
import { text } from '../../schemas/text';
import { readForm } from '../form';
import { html, type Html } from '../html';
import { helpAnswer, helpView, type HelpView } from './frame';

type Score = 'good' | 'bad';

const ratingForm = z.strictObject({ score: z.enum(['good', 'bad']), words: text(5_000).optional() });

/** The answer that a link of the rating mail gives; null for every other link. */
export function scoreOf({ purpose }: Link): Score | null {
  if (purpose === 'ratedGood') return 'good';
  return purpose === 'ratedBad' ? 'bad' : null;
}

/** The page behind an answer of the rating mail: that answer as a button, and the other one for whoever has slipped. */
export function ratingQuestion(context: ApiContext, request: Request, link: Link, score: Score): PageAnswer {
  const view = helpView(context, request, null);
  const { thread } = view.words;
  const other = score === 'good' ? 'bad' : 'good';
  return answer(
    view,
    html`<h1>${thread.rateTitle}</h1>
      <p class="chips"><span class="chip">#${link.number}</span></p>
      ${button(view, score, 'big')} ${button(view, other, 'big second')}`,
  );
}

/** Keeps the answer, then asks once for words, which may be left out. Errors: E_INVALID, E_NOT_FOUND. */
export async function takeRating(context: ApiContext, request: Request, link: Link): Promise<PageAnswer> {
  const { score, words } = readForm(request, ratingForm);
  await rate(context.db, { number: link.number, contact: link.contact, score, words: words ?? null, at: context.now() });
  const view = helpView(context, request, null);
  const { thread } = view.words;
  return answer(
    view,
    html`<h1>${thread.ratedThanks}</h1>
      <p role="status">${thread.rated(score)}</p>
      ${
        words === undefined &&
        html`<form method="post" action="${view.to(request.path)}">
          <input type="hidden" name="score" value="${score}" />
          <label for="words">${thread.rateWords}</label>
          <textarea id="words" name="words" rows="5" maxlength="5000"></textarea>
          <button class="big">${thread.rate}</button>
        </form>`
      }`,
  );
}

function button(view: HelpView, score: Score, style: string): Html {
  const { thread } = view.words;
  return html`<form method="post" action="${view.to(view.request.path)}">
    <input type="hidden" name="score" value="${score}" /><button class="${style}">${score === 'good' ? thread.good : thread.bad}</button>
  </form>`;
}

function answer(view: HelpView, body: Html): PageAnswer {
  return helpAnswer(view, { title: view.words.thread.rateTitle, body, alone: true, switches: view.request.method === 'GET' });
}
