import type { Request } from 'express';
import type { Locale } from '../../../db/visitors';
import { zoneToTell } from '../../../messages/zone-words';
import type { ApiContext } from '../../context';
import type { PageAnswer } from '../../route';
import { html, type Html, type Part } from '../html';
import type { HelpVisitor } from './session';
import type { Teller } from './told-time';
import { HELP_WORDS, type HelpWords } from './words';

/** A customer's page in the making: who looks at it, and in which language. */
export interface HelpView {
  readonly context: ApiContext;
  readonly request: Request;
  readonly words: HelpWords;
  readonly visitor: HelpVisitor | null;
  readonly teller: Teller;
  /** The visitor's token, where the page carries it because a cookie would not arrive: in a frame on another site. */
  readonly carried: string | null;
  /** A path of ours that keeps the language which was chosen. */
  readonly to: (path: string) => string;
}

/** The language that was asked for by `?lang=`, or else the browser's; English when it is neither. */
export function languageOf(request: Request): { readonly locale: Locale; readonly chosen: boolean } {
  const asked = request.query['lang'];
  if (asked === 'de' || asked === 'en') return { locale: asked, chosen: true };
  return { locale: request.acceptsLanguages('en', 'de') === 'de' ? 'de' : 'en', chosen: false };
}

/** The view of a request; times are told in the customer's zone when we know it from themselves, else in the desk's. */
export function helpView(context: ApiContext, request: Request, visitor: HelpVisitor | null, carried: string | null = null): HelpView {
  const { locale, chosen } = languageOf(request);
  const zone = zoneToTell(visitor === null ? null : (visitor.contactZone ?? visitor.timeZone), context.policy().timezone);
  return {
    context,
    request,
    words: HELP_WORDS[locale],
    visitor,
    teller: { zone, locale, now: context.now() },
    carried,
    to: (path) => (chosen ? `${path}${path.includes('?') ? '&' : '?'}lang=${locale}` : path),
  };
}

/** What a page consists of beside its frame. */
export interface HelpPage {
  readonly title: string;
  readonly body: Html;
  readonly status?: number;
  /** The page can be asked for again in the other language; what was just posted cannot. */
  readonly switches?: boolean;
  /** Sites of HOLDFAST_EMBED_ORIGINS may show it in a frame. */
  readonly embeddable?: boolean;
  /** Leads to nothing else: a page behind a mailed link shows its own conversation only. */
  readonly alone?: boolean;
}

/** Puts a page into its frame: navigation, language, one main part, no script. */
export function helpAnswer(view: HelpView, page: HelpPage): PageAnswer {
  const { words, context, request } = view;
  // Its policy says exactly who may; this header knows no list.
  if (page.embeddable === true) request.res?.removeHeader('X-Frame-Options');
  return {
    status: page.status ?? 200,
    headers: page.embeddable === true ? embeddableHeaders(context) : {},
    html: helpDocument(words, {
      title: page.title,
      bar: html`${page.alone === true ? html`<span class="room"></span>` : navigation(view)} ${page.switches === true && languageSwitch(view)}`,
      body: page.body,
    }),
  };
}

/** A whole page in a language, with what stands in its bar beside the name. */
export function helpDocument(words: HelpWords, page: { readonly title: string; readonly bar: Html; readonly body: Html }): string {
  return html`<!doctype html>
    <html lang="${words.locale}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${page.title} · ${words.brand}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/style.css" />
        <link rel="stylesheet" href="/help/style.css" />
      </head>
      <body class="help">
        <a class="skip" href="#main">${words.skip}</a>
        <header class="bar"><span class="brand">${words.brand}</span> ${page.bar}</header>
        <main id="main">${page.body}</main>
      </body>
    </html>`.markup;
}

function navigation(view: HelpView): Html {
  const { words, visitor, carried, to } = view;
  if (carried !== null) {
    // In a frame on another site no cookie arrives: our own pages open beside it, signed in by what this page carries.
    return html`<span class="room"></span>
      <form method="post" action="${to('/help/enter')}" target="_blank" rel="noopener">
        <input type="hidden" name="visitor" value="${carried}" /><button class="plain">${words.navigation.requests}</button>
      </form>`;
  }
  return html`<nav aria-label="${words.brand}">
      <a href="${to('/help')}">${words.navigation.write}</a>
      ${
        visitor === null
          ? html`<a href="${to('/help/sign-in')}">${words.navigation.requests}</a>`
          : html`<a href="${to('/help/requests')}">${words.navigation.requests}</a>`
      }
    </nav>
    ${
      visitor !== null &&
      html`<form class="who" method="post" action="${to('/help/sign-out')}">
        <span>${words.navigation.as(visitor.email)}</span><button class="plain">${words.navigation.signOut}</button>
      </form>`
    }`;
}

function languageSwitch({ words, request }: HelpView): Html {
  const { locale, name } = words.other;
  return html`<a class="language" href="${request.path}?lang=${locale}" hreflang="${locale}" lang="${locale}">${name}</a>`;
}

/** All that the other pages' policy says, but for who may show this one in a frame. */
function embeddableHeaders(context: ApiContext): Record<string, string> {
  const ancestors = ["'self'", ...(context.environment.HOLDFAST_EMBED_ORIGINS ?? [])].join(' ');
  return {
    'Content-Security-Policy': `default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors ${ancestors}`,
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };
}

/** What is wrong with a form, above it, each with a link to its field; nothing when nothing is. */
export function problemBox(words: HelpWords, problems: ReadonlyMap<string, string>, more: Part = null): Html | null {
  if (problems.size === 0) return null;
  return html`<div class="error" role="alert" tabindex="-1" id="problems">
    <p><strong>${words.errors.title}</strong></p>
    <ul>
      ${[...problems].map(([field, problem]) => html`<li><a href="#${field}">${problem}</a></li>`)}
    </ul>
    ${more}
  </div>`;
}
