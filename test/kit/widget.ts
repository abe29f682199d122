import type { Frame, FrameLocator, Locator, Page } from 'playwright-core';

/** The round button on a host page, with what is around it. */
export function launcherOf(page: Page): Locator {
  return page.getByRole('complementary', { name: 'Support chat' });
}

/** The chat widget on a host page, as somebody uses it who sees it. */
export class Widget {
  constructor(readonly page: Page) {}

  /** Everything in the chat's own frame. */
  get inside(): FrameLocator {
    return this.page.frameLocator('iframe[title="Support chat"]');
  }

  /** Where words are written. */
  get field(): Locator {
    return this.inside.getByRole('textbox', { name: 'Your message' });
  }

  /** Presses the round button of the host page, and waits until the chat is there. */
  async open(): Promise<void> {
    await launcherOf(this.page).getByRole('button').click();
    await this.field.waitFor();
  }

  /** Writes, and sends it with the button. */
  async say(words: string): Promise<void> {
    await this.field.fill(words);
    await this.inside.getByRole('button', { name: 'Send', exact: true }).click();
  }

  /** Waits for words in the thread. */
  async shows(words: string | RegExp, withinMs = 15_000): Promise<Locator> {
    const found = this.inside.getByText(words).first();
    await found.waitFor({ timeout: withinMs });
    return found;
  }

  /** The document of the frame, for axe and for what a script does there. */
  frame(): Frame {
    const found = this.page.frames().find((frame) => new URL(frame.url()).pathname === '/widget/frame');
    if (found === undefined) throw new Error('There is no chat on this page.');
    return found;
  }

  /** Another tab comes to the front; headless browsers have no front, so the pages are told what they would see. */
  async hide(): Promise<void> {
    for (const frame of this.page.frames()) await frame.evaluate(HIDE);
  }
}

const HIDE = `
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
`;
