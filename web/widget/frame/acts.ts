import type { Chat } from './chat';
import { freshKey } from './device';

/** What the customer tells the desk with a button instead of words; each answers whether it worked, and has said so when it did not. */
export class Acts {
  constructor(private readonly chat: Chat) {}

  /** That this was all, or that production is down. */
  say(act: 'thatsAll' | 'productionDown'): Promise<boolean> {
    return this.chat.attempt(async () => {
      await this.#send(act);
      await this.chat.readSummary(this.#number);
    });
  }

  /** Has the chat mailed to the customer; whoever has only claimed an address shows first that it is theirs. */
  async transcript(): Promise<void> {
    const { chat } = this;
    const { chats, visitor } = chat.store.get();
    if (visitor?.proof === 'claimed' && chats.find(({ number }) => number === this.#number)?.proof === 'claimed') {
      chat.go('prove');
      chat.notice(chat.words.proveFirst);
    } else if (await chat.attempt(() => this.#send('transcript'), chat.words.transcriptAlready)) {
      chat.notice(chat.words.transcriptSent(visitor?.email ?? ''));
    }
  }

  /** What it was like. */
  rate(score: 'good' | 'bad', words: string): Promise<boolean> {
    const { chat } = this;
    const body = { score, ...(words !== '' && { words }) };
    return chat.attempt(() => chat.call(() => chat.api.call('PUT', `/chats/${this.#number}/rating`, { body })));
  }

  /** Has a code mailed, if the desk knows the address. */
  askForCode(email: string): Promise<boolean> {
    const { chat } = this;
    const { locale } = chat.store.get().settings;
    return chat.attempt(() => chat.api.call('POST', '/help/codes', { key: freshKey(), body: { email, locale } }));
  }

  get #number(): number {
    return this.chat.store.get().number ?? 0;
  }

  #send(act: 'thatsAll' | 'productionDown' | 'transcript'): Promise<void> {
    const { chat } = this;
    return chat.call(() => chat.api.call('POST', `/chats/${this.#number}/acts`, { key: freshKey(), body: { act } }));
  }
}
