import { existsSync } from 'node:fs';
import { loadClientConfigProfile, toClientOptions } from '@temporalio/envconfig';
import type { ClientConfigProfile, ClientConnectConfig } from '@temporalio/envconfig';
import type { Environment } from './environment';

/** The variables that Temporal's own tools share (`TEMPORAL_ADDRESS`, `TEMPORAL_TLS…`, `TEMPORAL_API_KEY`, …), as they were set. */
export type TemporalVariables = Readonly<Record<string, string>>;

/** Variables of this family that speak about the server which `npm start` boots itself, not about a connection. */
const EMBEDDED_ONLY = new Set(['TEMPORAL_CLI', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT']);

/** Picks Temporal's standard variables out of an environment. */
export function temporalVariables(env: NodeJS.ProcessEnv): TemporalVariables {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('TEMPORAL_') && !EMBEDDED_ONLY.has(name) && value !== undefined && value.trim() !== '') picked[name] = value;
  }
  return picked;
}

/**
 * Reads the connection profile that the variables describe, the way every Temporal tool does.
 * A profile file counts only when `TEMPORAL_CONFIG_FILE` or `TEMPORAL_PROFILE` names it: a default profile that lies
 * in someone's home, perhaps of a production cluster, must not turn `npm start` on a laptop into a client of it.
 * Throws a plain Error that says what is wrong with the file.
 */
export function temporalProfile(variables: TemporalVariables, env: NodeJS.ProcessEnv): ClientConfigProfile {
  const file = variables['TEMPORAL_CONFIG_FILE'];
  if (file !== undefined && !existsSync(file)) throw new Error(`the file ${file} does not exist`);
  const disableFile = file === undefined && variables['TEMPORAL_PROFILE'] === undefined;
  const overrideEnvVars: Record<string, string> = { ...variables };
  for (const name of ['HOME', 'XDG_CONFIG_HOME', 'APPDATA']) if (env[name] !== undefined) overrideEnvVars[name] = env[name];
  return loadClientConfigProfile({ disableFile, overrideEnvVars });
}

/** How to reach Temporal: the options for `Connection.connect` or `NativeConnection.connect`, and the namespace. */
export function temporalConnection(environment: Environment): ClientConnectConfig & { namespace: string } {
  const { connectionOptions } = toClientOptions(environment.temporalProfile);
  return { connectionOptions, namespace: environment.TEMPORAL_NAMESPACE };
}
