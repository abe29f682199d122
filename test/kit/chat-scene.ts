import { randomBytes } from 'node:crypto';
import type { BrowserContextOptions } from 'playwright-core';
import { openBrowser, type Person, type SceneBrowser } from './browser';
import { signIdentity } from './chatting-customer';
import { inTheEnd, type DeskUnderTest } from './desk-under-test';
import { openDesk, type OpenDesk } from './desk-under-test-processes';
import { Widget } from './widget';

/** A user of the host's dashboard. */
export interface DashboardUser {
  readonly email: string;
  readonly name?: string;
}

/** A whole desk that knows signed customers, and a browser to look at it with. */
export interface ChatScene {
  readonly desk: DeskUnderTest;
  readonly browser: SceneBrowser;
  /** As {@link OpenDesk.crash}. */
  readonly crash: OpenDesk['crash'];
  /** The demo's host page in a new tab, as an anonymous visitor unless the query says otherwise. */
  hostPage(person: Person, query?: string): Promise<Widget>;
  /** Somebody's own browser, in which the demo's dashboard knows them as this user. */
  signedIn(user: DashboardUser, options?: BrowserContextOptions): Promise<Person>;
  /** The newest chat of an address, once there is one. */
  chatOf(email: string): Promise<number>;
  /** Opens the chat as somebody whom the desk knows, and writes; answers the number of the conversation once it is there. */
  begins(widget: Widget, email: string, words: string): Promise<number>;
  /** An agent answers. */
  reply(number: number, body: string): Promise<unknown>;
  /** What the customer has said, oldest first. */
  wordsOf(number: number): Promise<readonly string[]>;
}

/** A scene under a policy for all tests of a file, which have two minutes each; its desk and its browser are there once the tests begin. */
export function useChatScene(policy: string): ChatScene {
  jest.setTimeout(120_000);
  const secret = randomBytes(32).toString('base64url');
  let open: OpenDesk;
  let browser: SceneBrowser;

  beforeAll(async () => {
    [open, browser] = await Promise.all([openDesk({ policy, providers: false, env: { DASHBOARD_JWT_SECRET: secret } }), openBrowser()]);
  }, 60_000);

  // What a page complained about is told, and the desk is closed all the same.
  afterAll(async () => {
    const [outcome] = await Promise.allSettled([browser.close()]);
    await open.close();
    if (outcome.status === 'rejected') throw outcome.reason;
  });

  const chatOf = (email: string) =>
    inTheEnd(`the chat of ${email} is there`, async () => {
      const chats = open.desk.parts.db.selectFrom('chats').innerJoin('contacts', 'contacts.id', 'chats.contact_id').select('chats.number');
      return (await chats.where('contacts.email', '=', email).orderBy('chats.number', 'desc').executeTakeFirst())?.number;
    });
  return {
    get desk() {
      return open.desk;
    },
    get browser() {
      return browser;
    },
    crash: (command) => open.crash(command),
    async hostPage(person, query = 'as=visitor') {
      const page = await person.tab();
      await page.goto(`${open.desk.parts.url}/demo?${query}`);
      return new Widget(page);
    },
    async signedIn({ email, name }, options) {
      const person = await browser.person(options);
      await person.context.route('**/demo/identity', async (route) =>
        route.fulfill({ contentType: 'text/plain', body: await signIdentity(secret, { sub: email, email, ...(name !== undefined && { name }) }) }),
      );
      return person;
    },
    chatOf,
    async begins(widget, email, words) {
      await widget.open();
      await widget.say(words);
      const number = await chatOf(email);
      await widget.shows(/Sent ·/);
      return number;
    },
    reply: (number, body) => open.desk.must('POST', `/conversations/${number}/replies`, { body }),
    wordsOf: async (number) => (await open.desk.messages(number)).filter(({ direction }) => direction === 'in').map(({ body }) => body),
  };
}
