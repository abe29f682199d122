import type { Actor } from '../auth/actor';
import { may } from '../auth/authorize';
import { html, type Html } from './html';

export { html } from './html';

/** The bar's links, each with what it needs. */
const LINKS = [
  { href: '/conversations', text: 'Conversations', action: 'conversation.read' },
  { href: '/pages', text: 'Pages', action: 'page.read' },
  { href: '/notices', text: 'Notices', action: 'notice.read' },
  { href: '/suspended', text: 'Suspended', action: 'suspended.read' },
  { href: '/mails', text: 'Mails', action: 'mail.read' },
] as const;

/** A whole page: bar, one main part, no script. `here` marks the bar's link of this page; without an actor the bar leads nowhere. */
export function layout(page: { title: string; actor: Actor | null; here?: string; body: Html }): string {
  const { actor } = page;
  const links =
    actor?.kind !== 'agent'
      ? html``
      : html`<nav aria-label="Main">
            ${LINKS.filter(({ action }) => may(actor, action)).map(
              ({ href, text }) => html`<a href="${href}" ${href === page.here ? html` aria-current="page"` : null}>${text}</a> `,
            )}
          </nav>
          <form class="who" method="post" action="/sign-out">
            <span>${actor.name}</span>
            ${actor.session && html`<button class="plain">Sign out</button>`}
          </form>`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${page.title} · Holdfast</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#main">To the content</a>
        <header class="bar">${actor === null ? html`<span class="brand">Holdfast</span>` : html`<a class="brand" href="/">Holdfast</a>`}${links}</header>
        <main id="main">${page.body}</main>
      </body>
    </html>`.markup;
}
