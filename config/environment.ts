import { isIP } from 'node:net';
import type { ClientConfigProfile } from '@temporalio/envconfig';
import { z } from 'zod';
import { HoldfastError } from '../messages/errors';
import { KEY_LIST_FORMAT, parseKeys } from './keys';
import { originsOf } from './origins';
import { temporalProfile, temporalVariables } from './temporal';

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A value that must match; `expected` completes the sentence "expected …" in the error. */
const text = (expected: string, matches: (value: string) => boolean = () => true) => z.string().refine(matches, expected);

const port = (byDefault: number) =>
  text('a port number from 1 to 65535', (value) => portNumber(value) !== null)
    .transform(Number)
    .default(byDefault);

const url = (...protocols: string[]) =>
  text(`a URL that begins with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`, (value) => isUrl(value, protocols));

const baseUrl = (byDefault: string) =>
  url('https', 'http')
    .transform((value) => value.replace(/\/+$/, ''))
    .default(byDefault);

const keys = z.string().transform((value, context) => {
  const parsed = parseKeys(value);
  if (parsed !== null) return parsed;
  context.addIssue({ code: 'custom', message: KEY_LIST_FORMAT });
  return z.NEVER;
});

const listen = z.string().transform((value, context): ListenAddress => {
  const parsed = parseListenAddress(value);
  if (parsed !== null) return parsed;
  context.addIssue({ code: 'custom', message: 'host:port, for example 127.0.0.1:2525' });
  return z.NEVER;
});

const listenAddress = (byDefault: string) => listen.prefault(byDefault);

/** A value that errors and logs never show. */
const secret = <Schema extends z.ZodType>(schema: Schema, about: string) => schema.optional().meta({ description: about, secret: true });
const token = (about: string) => secret(text('a value'), about);
const longText = (what: string, length: number) => text(`${what} of at least ${length} characters`, (value) => value.length >= length);

/** Every variable of Holdfast, what it means, and its default: the one list. A blank value counts as not set. */
const variables = z.object({
  PORT: port(3000).describe('the port of the API and the built-in pages'),
  HOLDFAST_HOST: text('a host name or address').default('127.0.0.1').describe('the address that the API listens on; 0.0.0.0 for all, as in a container'),
  HOLDFAST_DATA: text('the path of a folder').optional().describe('where `npm start` keeps its database, keys and logs (.holdfast in the clone)'),
  HOLDFAST_POLICY: text('the path of a policy file').optional().describe('your policy file (the handbook, if not set)'),
  HOLDFAST_ADMIN_TOKEN: secret(longText('a token', 16), 'a bearer token that acts as the first agent, role admin (generated and printed by `npm start`)'),
  HOLDFAST_PUBLIC_URL: url('https', 'http')
    .transform((value) => value.replace(/\/+$/, ''))
    .optional()
    .describe('the address under which people reach Holdfast, for links in mail and pages (http://127.0.0.1:PORT)'),
  HOLDFAST_METRICS_LISTEN: listen
    .optional()
    .describe('where a worker tells Prometheus what it does, host:port; the API tells at /metrics (not at all, if not set)'),
  HOLDFAST_SIGNING_KEYS: secret(keys, 'keys that sign reply addresses and links: id:base64,… (generated once by `npm start`)'),
  HOLDFAST_PAYLOAD_KEYS: secret(keys, 'keys that encrypt what Temporal stores: id:base64,… (not encrypted, if not set)'),
  HOLDFAST_RATE_LIMIT: text('a number of requests; 0 for no limit', (value) => /^\d{1,7}$/.test(value))
    .transform(Number)
    .default(6_000)
    .describe('requests a minute that one token or session may make; 0 for no limit'),
  HOLDFAST_TRUSTED_PROXIES: text('addresses or networks joined by commas, for example loopback,10.0.0.0/8', isProxyList)
    .default('loopback')
    .describe('proxies in front of Holdfast whose X-Forwarded-For tells who asks: addresses, networks, loopback'),

  DATABASE_URL: secret(url('postgres', 'postgresql'), 'a PostgreSQL server (`npm start` boots one, if not set)'),

  TEMPORAL_ADDRESS: text('host:port of a Temporal server').optional().describe('a Temporal server (`npm start` boots one, if not set)'),
  TEMPORAL_NAMESPACE: text('the name of a namespace').default('default').describe('the Temporal namespace'),
  TEMPORAL_API_KEY: token('the API key of a Temporal server; TEMPORAL_TLS… and the other standard variables count as well'),
  TEMPORAL_CLI: text('the path of the Temporal CLI')
    .optional()
    .describe('the `temporal` program that `npm start` boots the server with (looked for and downloaded, if not set)'),
  TEMPORAL_PORT: port(7233).describe('the port of the Temporal server that `npm start` boots (a free one, if taken)'),
  TEMPORAL_UI_PORT: port(8233).describe('the port of its web UI (a free one, if taken)'),

  SMTP_LISTEN: listenAddress('127.0.0.1:2525').describe('where Holdfast accepts mail, host:port'),
  SMTP_TLS_CERT: text('the path of a certificate file').optional().describe('the certificate for STARTTLS on that address'),
  SMTP_TLS_KEY: text('the path of a key file').optional().describe('its private key'),
  SMTP_URL: secret(url('smtp', 'smtps'), 'the server that sends our mail (the built-in catcher, under `npm start`)'),
  MAIL_DOMAIN: text('a mail domain, for example support.example.org', isMailDomain)
    .default('example.test')
    .describe('the domain of our addresses: support@…, reply+…@…'),
  MAIL_AUTHENTICATE: z
    .enum(['on', 'off'], 'on or off')
    .optional()
    .describe('whether Holdfast looks up SPF, DKIM and DMARC of incoming mail (on, if SMTP_LISTEN is no loopback address)'),
  MAIL_TRUSTED_AUTHSERV: text('the name of a mail server').optional().describe('the server in front of us whose Authentication-Results we believe'),
  IMAP_URL: secret(url('imap', 'imaps'), 'a mailbox to fetch mail from'),

  PAGERDUTY_ROUTING_KEY: token('pages go to this PagerDuty integration (to the built-in inbox, if not set)'),
  PAGERDUTY_EVENTS_URL: baseUrl('https://events.pagerduty.com').describe('the base URL of the PagerDuty Events API'),
  PAGERDUTY_API_TOKEN: token('reads incidents back'),
  PAGERDUTY_API_URL: baseUrl('https://api.pagerduty.com').describe('the base URL of the PagerDuty REST API'),
  PAGERDUTY_FROM: text('an e-mail address', isMailAddress).optional().describe('the PagerDuty user that acts for Holdfast'),
  PAGERDUTY_WEBHOOK_SECRET: token('verifies webhooks from PagerDuty'),

  SLACK_BOT_TOKEN: token('notices go to Slack (to the built-in inbox, if not set)'),
  SLACK_CHANNEL: text('the id or name of a channel').optional().describe('the channel of those notices'),
  SLACK_SIGNING_SECRET: token('verifies requests from Slack'),
  SLACK_API_URL: baseUrl('https://slack.com/api').describe('the base URL of the Slack API'),

  TWILIO_ACCOUNT_SID: text('an account id').optional().describe('calls and text messages go through this Twilio account'),
  TWILIO_AUTH_TOKEN: token('its token'),
  TWILIO_FROM: text('a phone number such as +4930123456', (value) => /^\+[1-9]\d{5,14}$/.test(value))
    .optional()
    .describe('the number we call from'),
  TWILIO_API_URL: baseUrl('https://api.twilio.com').describe('the base URL of the Twilio API'),

  INTERCOM_ACCESS_TOKEN: token('connects an Intercom workspace'),
  INTERCOM_CLIENT_SECRET: token('verifies webhooks from Intercom'),
  INTERCOM_API_URL: baseUrl('https://api.intercom.io').describe('the base URL of the Intercom API'),

  ZENDESK_API_URL: url('https', 'http').optional().describe('connects a Zendesk account, https://….zendesk.com'),
  ZENDESK_EMAIL: text('an e-mail address', isMailAddress).optional().describe('the Zendesk user that acts for Holdfast'),
  ZENDESK_API_TOKEN: token('its token'),
  ZENDESK_WEBHOOK_SECRET: token('verifies webhooks from Zendesk'),

  DASHBOARD_JWT_SECRET: secret(longText('a secret', 32), 'verifies the customer identity that your dashboard signs (HS256; generated once by `npm start`)'),
  HOLDFAST_EMBED_ORIGINS: text('origins joined by commas, for example https://dashboard.example.org', (value) => originsOf(value) !== null)
    .transform((value) => originsOf(value) ?? [])
    .default([])
    .describe('the sites that may embed the chat widget and the contact form; our own always may'),
  OIDC_ISSUER: url('https', 'http').optional().describe('agents sign in through this OpenID provider'),
  OIDC_CLIENT_ID: text('a client id').optional().describe('our client id there'),
  OIDC_CLIENT_SECRET: token('our client secret there'),
  WATCHDOG_HEARTBEAT_URL: secret(url('https', 'http'), 'the watchdog calls this URL every minute, so that others notice its silence'),
});

type VariableName = keyof typeof variables.shape;

/** Stable names of parts that are still to come: checked when set, left out of the help, and `doctor` says that nothing reads them. */
const NOT_READ_YET: ReadonlySet<VariableName> = new Set([
  'IMAP_URL',
  'PAGERDUTY_API_TOKEN',
  'PAGERDUTY_API_URL',
  'PAGERDUTY_FROM',
  'PAGERDUTY_WEBHOOK_SECRET',
  'SLACK_SIGNING_SECRET',
  'TWILIO_ACCOUNT_SID',
  'TWILIO_AUTH_TOKEN',
  'TWILIO_FROM',
  'TWILIO_API_URL',
  'INTERCOM_ACCESS_TOKEN',
  'INTERCOM_CLIENT_SECRET',
  'INTERCOM_API_URL',
  'ZENDESK_API_URL',
  'ZENDESK_EMAIL',
  'ZENDESK_API_TOKEN',
  'ZENDESK_WEBHOOK_SECRET',
  'OIDC_ISSUER',
  'OIDC_CLIENT_ID',
  'OIDC_CLIENT_SECRET',
  'WATCHDOG_HEARTBEAT_URL',
]);

/** Variables that make sense only together; each group is complete or absent. */
const GROUPS: readonly (readonly [VariableName, ...VariableName[]])[] = [
  ['SLACK_BOT_TOKEN', 'SLACK_CHANNEL'],
  ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'],
  ['ZENDESK_API_URL', 'ZENDESK_EMAIL', 'ZENDESK_API_TOKEN'],
  ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'],
  ['SMTP_TLS_CERT', 'SMTP_TLS_KEY'],
];

/** The environment of a Holdfast process, checked: each key is the variable of that name. */
export interface Environment extends Readonly<Omit<z.output<typeof variables>, 'HOLDFAST_PUBLIC_URL'>> {
  /** Always set: `http://HOLDFAST_HOST:PORT` unless given. No slash at its end. */
  readonly HOLDFAST_PUBLIC_URL: string;
  /** How to connect to Temporal, from all of its standard variables; see config/temporal.ts. */
  readonly temporalProfile: ClientConfigProfile;
}

/** One variable, for people: printed by `holdfast start --help`. */
export interface VariableHelp {
  readonly name: string;
  readonly about: string;
  /** Its default in words; null when there is none. */
  readonly byDefault: string | null;
}

/** The variables that something reads, with what they mean, in the order of the list above. */
export function describeVariables(): VariableHelp[] {
  const defaults = variables.parse({});
  const names = variables.keyof().options.filter((name) => !NOT_READ_YET.has(name));
  return names.map((name) => {
    const value = defaults[name];
    return {
      name,
      about: variables.shape[name].description ?? '',
      byDefault: value === undefined || (Array.isArray(value) && value.length === 0) ? null : inWords(value),
    };
  });
}

/** Names of variables that are set although nothing reads them yet. */
export function setInVain(env: NodeJS.ProcessEnv): string[] {
  return [...NOT_READ_YET].filter((name) => (env[name] ?? '').trim() !== '');
}

/** Checks an environment; throws `E_ENVIRONMENT` that names every wrong variable, what it got (never a secret) and what is expected. */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const given = Object.fromEntries(
    variables
      .keyof()
      .options.map((name) => [name, env[name]?.trim()] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const problems: string[] = [];

  const temporal = readTemporalProfile(env, problems);
  if (temporal.address !== undefined) given['TEMPORAL_ADDRESS'] = temporal.address;
  if (temporal.namespace !== undefined) given['TEMPORAL_NAMESPACE'] = temporal.namespace;

  const result = variables.safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = issue.path[0] as VariableName;
      problems.push(`${name}: got ${shown(name, given[name])}, expected ${issue.message}`);
    }
  }
  for (const group of GROUPS) {
    const missing = group.filter((name) => given[name] === undefined);
    if (missing.length > 0 && missing.length < group.length) {
      const present = group.filter((name) => given[name] !== undefined);
      problems.push(`${missing.join(', ')}: not set, expected because ${present.join(' and ')} ${present.length === 1 ? 'is' : 'are'}`);
    }
  }
  if (!result.success || problems.length > 0) throw wrongEnvironment(problems);
  const { data } = result;
  return { ...data, HOLDFAST_PUBLIC_URL: data.HOLDFAST_PUBLIC_URL ?? localUrl(data), temporalProfile: temporal };
}

/** An environment in which the named variables are set for certain. */
export type EnvironmentWith<Name extends VariableName> = Environment & { readonly [N in Name]-?: NonNullable<Environment[N]> };

/** Insists that variables are set, for a process that cannot do without them; throws `E_ENVIRONMENT` naming each that is missing and what it is for. */
export function requireVariables<Name extends VariableName>(environment: Environment, names: readonly Name[]): EnvironmentWith<Name> {
  const missing = names.filter((name) => environment[name] === undefined);
  if (missing.length > 0) throw wrongEnvironment(missing.map((name) => `${name}: not set, expected ${variables.shape[name].description ?? 'a value'}`));
  return environment as EnvironmentWith<Name>;
}

function wrongEnvironment(problems: readonly string[]): HoldfastError {
  const count = problems.length === 1 ? 'One environment variable is wrong' : `${problems.length} environment variables are wrong`;
  return new HoldfastError('E_ENVIRONMENT', `${count}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
}

function readTemporalProfile(env: NodeJS.ProcessEnv, problems: string[]): ClientConfigProfile {
  const given = temporalVariables(env);
  try {
    return temporalProfile(given, env);
  } catch (error) {
    const name = given['TEMPORAL_CONFIG_FILE'] === undefined ? 'TEMPORAL_PROFILE' : 'TEMPORAL_CONFIG_FILE';
    problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}, expected a Temporal profile that can be read`);
    return {};
  }
}

function shown(name: VariableName, value: unknown): string {
  return variables.shape[name].meta()?.['secret'] === true ? 'a value that is not shown here' : JSON.stringify(value);
}

function inWords(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.join(',');
  const { host, port: portValue } = value as ListenAddress;
  return `${host}:${portValue}`;
}

/** Links must work on this machine: "all addresses" is not an address that a browser can open. */
function localUrl({ HOLDFAST_HOST, PORT }: { HOLDFAST_HOST: string; PORT: number }): string {
  const host = HOLDFAST_HOST === '0.0.0.0' || HOLDFAST_HOST === '::' ? '127.0.0.1' : HOLDFAST_HOST;
  return `http://${host.includes(':') ? `[${host}]` : host}:${PORT}`;
}

function portNumber(value: string): number | null {
  const number = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  return number >= 1 && number <= 65_535 ? number : null;
}

function parseListenAddress(value: string): ListenAddress | null {
  const colon = value.lastIndexOf(':');
  const number = portNumber(value.slice(colon + 1));
  const host = value.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return colon < 1 || number === null || /[\s/]/.test(host) ? null : { host, port: number };
}

function isUrl(value: string, protocols: readonly string[]): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, searchParams } = new URL(value);
  return protocols.includes(protocol.slice(0, -1)) && (hostname !== '' || searchParams.has('host'));
}

function isMailDomain(value: string): boolean {
  return /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/i.test(value);
}

function isMailAddress(value: string): boolean {
  const at = value.lastIndexOf('@');
  return at > 0 && isMailDomain(value.slice(at + 1)) && !/\s/.test(value);
}

function isProxyList(value: string): boolean {
  return value.split(',').every((part) => {
    const [address = '', bits = '0', more] = part.trim().split('/');
    if (['loopback', 'linklocal', 'uniquelocal'].includes(part.trim())) return true;
    return more === undefined && /^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(address) === 6 ? 128 : 32) && isIP(address) !== 0;
  });
}
