import type { Request } from 'express';
import type { Problem } from '../../problem';
import { html } from '../html';
import { helpDocument, languageOf } from './frame';
import { HELP_WORDS } from './words';

/** Whether a path is one of the customers' pages. */
export function isCustomersPage(path: string): boolean {
  return /^\/(help|l)(\/|$)/.test(path);
}

/** What went wrong, as a page for customers: it leads back to writing to us, and never to the agents' sign-in. */
export function helpErrorPage(request: Request, problem: Problem): string {
  const { locale, chosen } = languageOf(request);
  const words = HELP_WORDS[locale];
  const { titles, details, write } = words.trouble;
  const title = titles[problem.status] ?? words.errors.title;
  return helpDocument(words, {
    title,
    bar: html`<span class="room"></span>`,
    body: html`<h1>${title}</h1>
      <p>${details?.[problem.status] ?? problem.detail}</p>
      <p><a class="button" href="/help${chosen && `?lang=${locale}`}">${write}</a></p>
      <p class="quiet">${problem.code} · ${problem.requestId}</p>`,
  });
}
