import { randomBytes } from 'node:crypto';
import { openBrowser, type SceneBrowser } from './browser';
import type { DeskUnderTest } from './desk-under-test';
import { openDesk, type OpenDesk } from './desk-under-test-processes';

/** A whole desk that knows signed customers, and a browser to look at it with. */
export interface ChatScene {
  readonly desk: DeskUnderTest;
  readonly browser: SceneBrowser;
  /** As {@link OpenDesk.crash}. */
  readonly crash: OpenDesk['crash'];
  /** Ends both; what a page complained about is told, and the desk is closed all the same. */
  close(): Promise<void>;
}

/** Opens a scene under a policy. */
export async function openChatScene(policy: string): Promise<ChatScene> {
  const [open, browser] = await Promise.all([
    openDesk({ policy, providers: false, env: { DASHBOARD_JWT_SECRET: randomBytes(32).toString('base64url') } }),
    openBrowser(),
  ]);
  return {
    desk: open.desk,
    browser,
    crash: (command) => open.crash(command),
    async close() {
      const [outcome] = await Promise.allSettled([browser.close()]);
      await open.close();
      if (outcome.status === 'rejected') throw outcome.reason;
    },
  };
}
