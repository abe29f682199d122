/** The servers and files that global-setup.ts provides for the whole run, as environment variables. */
const VARIABLES = {
  /** The one PostgreSQL; use freshDatabase() of database.ts instead of its own database. */
  postgresUrl: 'HOLDFAST_TEST_POSTGRES_URL',
  /** host:port of the one Temporal development server; use freshNamespace() of temporal.ts. */
  temporalAddress: 'HOLDFAST_TEST_TEMPORAL_ADDRESS',
  /** Its Prometheus metrics. */
  temporalMetrics: 'HOLDFAST_TEST_TEMPORAL_METRICS',
  /** The Temporal CLI's file, for tests that start a server of their own. */
  temporalCli: 'HOLDFAST_TEST_TEMPORAL_CLI',
  /** The time-skipping server's file. */
  skippingServer: 'HOLDFAST_TEST_SKIPPING_SERVER',
  /** The compiled program together with test/, for tests that start processes. */
  buildDir: 'HOLDFAST_TEST_BUILD_DIR',
  /** The file of the workflow bundle, for `Worker.create({ workflowBundle: { codePath } })`. */
  workflowBundle: 'HOLDFAST_TEST_WORKFLOW_BUNDLE',
} as const;

/** The value of one of them. Throws when the run has no servers, because the file lies in a folder of unit tests. */
export function testServer(name: keyof typeof VARIABLES): string {
  const value = process.env[VARIABLES[name]];
  if (value !== undefined) return value;
  throw new Error(
    `${VARIABLES[name]} is not set. Tests in unit folders (see scripts/jest.cjs) run without servers: move this one, or run it through scripts/jest.cjs.`,
  );
}
