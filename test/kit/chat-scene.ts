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
  /** Ends both; what a page complained about is told, and the desk is closed all the same. */
  close(): Promise<void>;
}

/** Opens a scene under a policy. */
export async function openChatScene(policy: string): Promise<ChatScene> {
  const secret = randomBytes(32).toString('base64url');
  const [open, browser] = await Promise.all([openDesk({ policy, providers: false, env: { DASHBOARD_JWT_SECRET: secret } }), openBrowser()]);
  const { desk } = open;
  const chatOf = (email: string) =>
    inTheEnd(`the chat of ${email} is there`, async () => {
      const chats = desk.parts.db.selectFrom('chats').innerJoin('contacts', 'contacts.id', 'chats.contact_id').select('chats.number');
      return (await chats.where('contacts.email', '=', email).orderBy('chats.number', 'desc').executeTakeFirst())?.number;
    });
  return {
    desk,
    browser,
    crash: (command) => open.crash(command),
    async hostPage(person, query = 'as=visitor') {
      const page = await person.tab();
      await page.goto(`${desk.parts.url}/demo?${query}`);
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
    async close() {
      const [outcome] = await Promise.allSettled([browser.close()]);
      await open.close();
      if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}
