/** Runs once after all tests: ends the servers, and fails the run when a test has left a process behind. */
export default async function globalTeardown(): Promise<void> {
  const leftBehind = (await globalThis.holdfastReaper?.finish()) ?? [];
  if (leftBehind.length > 0) throw new Error(`Tests left these processes behind (they were ended now):\n${leftBehind.join('\n')}`);
}
