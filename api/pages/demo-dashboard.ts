import { html, type Html } from './html';

/** What the demo's dashboard shows, and to whom. */
export interface DemoView {
  readonly signedIn: boolean;
  /** Whether there is a secret that signs identities. */
  readonly maySign: boolean;
  readonly locale: 'de' | 'en';
  readonly cluster: string;
  readonly customer: { readonly name: string; readonly email: string };
  /** The desk's public address. */
  readonly desk: string;
}

/** Requests a second over a day, in tenths; made up, as all of this page is. */
const LOAD = [31, 28, 24, 22, 21, 24, 33, 48, 66, 78, 84, 88, 93, 90, 86, 89, 95, 102, 97, 88, 74, 60, 47, 38];

const WEBSITES = [
  { name: 'www.kornblume.example', boxes: 4, state: 'Healthy', answer: '84 ms' },
  { name: 'shop.kornblume.example', boxes: 6, state: 'Healthy', answer: '121 ms' },
  { name: 'staging.kornblume.example', boxes: 1, state: 'Deploying', answer: '97 ms' },
] as const;

const DEPLOYMENTS = [
  { what: 'shop · release 2026.14.2', who: 'Ada Winter', when: '12 minutes ago' },
  { what: 'www · release 2026.14.0', who: 'Bela Sommer', when: 'yesterday, 16:40' },
  { what: 'shop · PHP 8.4', who: 'Ada Winter', when: 'Monday, 10:05' },
] as const;

/** The body of the page. */
export function demoDashboard(view: DemoView): Html {
  const { signedIn, customer, locale, cluster } = view;
  return html`<a class="skip" href="#main">To the content</a>
    ${strip(view)}
    <div class="frame">
      <nav class="side" aria-label="Dashboard">
        <p class="logo">Kornblume <span>Cloud</span></p>
        <ul>
          <li><a href="#main" aria-current="page">Cluster ${cluster}</a></li>
          <li><a href="#websites">Websites</a></li>
          <li><a href="#deployments">Deployments</a></li>
          <li><a href="#help">Help</a></li>
        </ul>
        <p class="who">${signedIn ? html`<strong>${customer.name}</strong><br />${customer.email}` : html`Not signed in`}</p>
      </nav>
      <main id="main">
        <header class="title">
          <div>
            <h1>Your cluster ${cluster}</h1>
            <p>Frankfurt · 11 boxes · all systems are running</p>
          </div>
          <span class="good">Healthy</span>
        </header>
        <ul class="figures">
          <li><strong>99.99 %</strong> available in 30 days</li>
          <li><strong>${(LOAD.at(-8) ?? 0) / 10}</strong> requests a second</li>
          <li><strong>108 ms</strong> median answer</li>
          <li><strong>61 %</strong> of memory</li>
        </ul>
        <section class="panel" aria-labelledby="load">
          <h2 id="load">Requests, the last 24 hours</h2>
          ${chart()}
        </section>
        <section class="panel" aria-labelledby="websites">
          <h2 id="websites">Websites</h2>
          <div class="wide" tabindex="0" role="region" aria-label="Websites, as a table">
            <table>
              <thead>
                <tr>
                  <th scope="col">Website</th>
                  <th scope="col">Boxes</th>
                  <th scope="col">Answer</th>
                  <th scope="col">State</th>
                </tr>
              </thead>
              <tbody>
                ${WEBSITES.map(
                  ({ name, boxes, answer, state }) =>
                    html`<tr>
                      <th scope="row">${name}</th>
                      <td>${boxes}</td>
                      <td>${answer}</td>
                      <td>${state}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>
        </section>
        <div class="two">
          <section class="panel" aria-labelledby="deployments">
            <h2 id="deployments">Deployments</h2>
            <ul class="list">
              ${DEPLOYMENTS.map(({ what, who, when }) => html`<li><strong>${what}</strong><br />${who}, ${when}</li>`)}
            </ul>
          </section>
          <section class="panel" aria-labelledby="help">
            <h2 id="help">Help</h2>
            <p>Something is not as it should be? Ask the engineers who run your cluster.</p>
            <p class="buttons">
              <button type="button" id="chat">Chat with us <span id="unread" role="status"></span></button>
              <button type="button" id="form" class="second" aria-expanded="false" aria-controls="form-place">Write a ticket</button>
            </p>
            <p><a href="/help?lang=${locale}">Or open the help pages</a></p>
          </section>
        </div>
        <section class="panel" id="form-place" aria-labelledby="form-title" hidden>
          <h2 id="form-title">Write a ticket</h2>
        </section>
      </main>
    </div>`;
}

/** What is not part of the play: who one is, in which language, and where the agents are. */
function strip({ signedIn, maySign, locale, desk }: DemoView): Html {
  const to = (as: 'customer' | 'visitor', lang: string) => `/demo?as=${as}&lang=${lang}`;
  const me = signedIn ? 'customer' : 'visitor';
  const choice = (href: string, text: string, chosen: boolean) => html`<a href="${href}" ${chosen ? html` aria-current="true"` : null}>${text}</a>`;
  return html`<aside class="strip" aria-label="About this demo">
    <p>This page plays a <strong>host’s dashboard</strong>, with Holdfast’s chat in the corner.</p>
    <p>
      You are
      <span class="switch"
        >${maySign && choice(to('customer', locale), 'Signed-in customer', signedIn)}${choice(to('visitor', locale), 'Anonymous visitor', !signedIn)}</span
      >
      <span class="switch">${choice(to(me, 'en'), 'English', locale === 'en')}${choice(to(me, 'de'), 'Deutsch', locale === 'de')}</span>
    </p>
    <p>The other side: <a href="/conversations?kind=chat">Conversations</a> · <a href="/mails">Caught mails</a> · <a href="/pages">Pages</a></p>
    <details>
      <summary>What a host pastes</summary>
      <pre tabindex="0"><code>${pasted(desk, signedIn, locale)}</code></pre>
      <p>The identity is a JWT (HS256) that the dashboard’s server signs with <code>DASHBOARD_JWT_SECRET</code>; see docs/widget.md.</p>
    </details>
  </aside>`;
}

function pasted(desk: string, signedIn: boolean, locale: string): string {
  const identity = signedIn ? "\n    identity: () => fetch('/your-own/identity').then((answer) => answer.text())," : '';
  return `<script>
  window.holdfast ??= function () { (holdfast.q ??= []).push(arguments); };
  holdfast('boot', {${identity}
    locale: '${locale}',
    cluster: 'c042',
    website: 'shop.kornblume.example',
  });
</script>
<script async src="${desk}/widget.js"></script>`;
}

const [WIDTH, HEIGHT] = [720, 160];

function chart(): Html {
  const top = Math.max(...LOAD) * 1.1;
  const points = LOAD.map((value, hour) => `${Math.round((hour / (LOAD.length - 1)) * WIDTH)},${Math.round(HEIGHT - (value / top) * HEIGHT)}`);
  const text = `Between ${Math.min(...LOAD) / 10} at night and ${Math.max(...LOAD) / 10} requests a second in the early evening`;
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${text}">
    <polygon points="0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}" />
    <polyline points="${points.join(' ')}" />
  </svg>`;
}
