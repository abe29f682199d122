import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pageRoute, type PageRoute } from '../route';
import { html, layout } from './layout';

const style = readFileSync(path.join(__dirname, 'style.css'), 'utf8');

/** The start page, and the style that all plain pages share. */
export const startPages: readonly PageRoute[] = [
  pageRoute({
    method: 'get',
    path: '/',
    action: 'conversation.read',
    handle: ({ actor }) =>
      Promise.resolve({
        html: layout({
          title: 'Start',
          actor,
          body: html`<h1>A support desk that keeps its promises</h1>
            <ul class="cards">
              <li>
                <a href="/conversations">Conversations</a>
                <p>The queue, next promise due first. Read, answer, assign, solve.</p>
              </li>
              <li>
                <a href="/pages">Pages</a>
                <p>What on-call is rung for. Acknowledge, and tell the customer.</p>
              </li>
              <li>
                <a href="/notices">Notices</a>
                <p>What the desk was told, and nobody has to acknowledge.</p>
              </li>
              <li>
                <a href="/suspended">Suspended</a>
                <p>Mail that was kept aside. Release it, or delete it.</p>
              </li>
              <li>
                <a href="/mails">Mails</a>
                <p>Mail that the built-in catcher kept instead of sending it.</p>
              </li>
              <li>
                <a href="/api/docs">API</a>
                <p>Every call, described and ready to try.</p>
              </li>
            </ul>`,
        }),
      }),
  }),
  pageRoute({
    method: 'get',
    path: '/style.css',
    action: 'public.read',
    handle: () => Promise.resolve({ file: style, type: 'text/css', headers: { 'Cache-Control': 'public, max-age=60' } }),
  }),
];
