import { condition } from '@temporalio/workflow';

/** What else came with the same workflow task may lead to steps that depend on each other; each round lets one more of them happen. */
const ROUNDS = 4;

/**
 * Resolves when everything else that came with the same workflow task has been dealt with. Takes no time, and writes nothing to the history.
 *
 * A worker that has to replay a conversation before it can take an Update may get the last results (a projection that is written, a child
 * that has started) together with the Update, and the Update first; a later replay gets them one after the other, the results first
 * (https://github.com/temporalio/sdk-rust/issues/1146). An Update that acts at once would find the lanes busy the first time and idle the next:
 * its commands would come in another order, and no worker could ever go on with that conversation. So Updates act last.
 */
export async function lastInTask(): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    let looks = 0;
    // Looked at as it is made, then again only when all that is runnable by now has run.
    await condition(() => (looks += 1) > 1);
  }
}
