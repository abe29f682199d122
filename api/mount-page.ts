import type { Request, Response } from 'express';
import { HoldfastError } from '../messages/errors';
import type { ApiContext } from './context';
import { admit } from './mount-api';
import { helpErrorPage, isCustomersPage } from './pages/help/error-page';
import { html, layout } from './pages/layout';
import { RETRY_AFTER_S, type Problem } from './problem';
import type { PageRoute } from './route';

/** Carries out one request to a plain page; who opens one and has not signed in is asked to. */
export async function servePage(context: ApiContext, route: PageRoute, request: Request, response: Response): Promise<void> {
  const actor = await admit(context, request, response, route).catch((error: unknown) => {
    if (isSignInWanted(route, request, error)) return null;
    throw error;
  });
  if (actor === null) {
    response.redirect(303, `/sign-in?next=${encodeURIComponent(request.originalUrl)}`);
    return;
  }
  const answer = await route.handle({ context, actor, params: request.params as Record<string, string>, request, response });
  if ('redirect' in answer) {
    response.redirect(303, answer.redirect);
    return;
  }
  if ('json' in answer) {
    response.status(answer.status ?? 200).json(answer.json);
    return;
  }
  response.set(answer.headers ?? {});
  if ('file' in answer) response.type(answer.type).send(answer.file);
  else
    response
      .status(answer.status ?? 200)
      .type('html')
      .send(answer.html);
}

/** A browser without a session is led to the sign-in; a program with a wrong token is told so. */
function isSignInWanted(route: PageRoute, request: Request, error: unknown): boolean {
  // Prometheus, which would take a form for its figures, is told that it needs a token.
  if (/openmetrics/.test(request.get('accept') ?? '')) return false;
  return route.method === 'get' && request.headers.authorization === undefined && error instanceof HoldfastError && error.code === 'E_UNAUTHENTICATED';
}

/** An error as a page, for people with a browser. */
export function sendPageError(request: Request, response: Response, problem: Problem): void {
  if (problem.status === 503) response.setHeader('Retry-After', RETRY_AFTER_S);
  if (isCustomersPage(request.path)) {
    response.status(problem.status).type('html').send(helpErrorPage(request, problem));
    return;
  }
  const signIn = problem.status === 401 ? html`<p><a class="button" href="/sign-in">Sign in</a></p>` : html``;
  const page = layout({
    title: problem.title,
    actor: null,
    body: html`<h1>${problem.title}</h1>
      <p>${problem.detail}</p>
      ${signIn}
      <p class="quiet">${problem.code} · request ${problem.requestId}</p>
      <p><a href="/">To the start page</a></p>`,
  });
  response.status(problem.status).type('html').send(page);
}
