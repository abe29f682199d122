/** A conversation's workflow that is over as soon as it begins, for the test of what relay does then. */
export async function conversationWorkflow(): Promise<void> {
  await Promise.resolve();
}
