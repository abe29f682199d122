/** Types of build.cjs, for the tests. */
export function build(options?: { progress?: (line: string) => void; tests?: boolean }): Promise<{ dir: string }>;
export function buildWorkflowBundle(dir: string, options?: { progress?: (line: string) => void }): Promise<string | undefined>;
export const root: string;
