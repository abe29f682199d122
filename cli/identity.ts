import { existsSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { mintIdentity, type IdentityClaims } from '../api/auth/mint-identity';
import { verifyIdentity } from '../api/auth/identity';
import { readEnvironment, type Environment } from '../config/environment';
import { HoldfastError } from '../messages/errors';
import { dashboardSecretOf } from '../platform/generated-secrets';
import { dataFolderOf } from './data-folder';
import { say, sayJson } from './output';

/** The longest that an identity is good for, in minutes. */
const LONGEST = 60;

interface Options {
  readonly email: string;
  readonly sub?: string;
  readonly name?: string;
  readonly organization?: string;
  readonly cluster: readonly string[];
  readonly website: readonly string[];
  readonly minutes: number;
  readonly json?: boolean;
}

/** `holdfast identity`: signs a customer's identity as the host's dashboard would, for trying the chat. */
export function register(program: Command): void {
  const another = (value: string, before: readonly string[]) => [...before, value];
  program
    .command('identity')
    .summary('sign a customer’s identity as your dashboard would, to try the chat with')
    .description(
      'Signs a customer’s identity (a JWT) with DASHBOARD_JWT_SECRET, or with the secret that npm start has made for this data folder. ' +
        'Whoever has it can chat as this customer and read their conversations for as long as it is good.',
    )
    .requiredOption('--email <address>', 'the customer’s e-mail address')
    .option('--sub <id>', 'your dashboard’s id of the user (default: the address)')
    .option('--name <name>', 'their name')
    .option('--organization <id>', 'the id of their organization at this desk')
    .option('--cluster <id>', 'a cluster of theirs; may be given several times', another, [])
    .option('--website <host>', 'a website of theirs; may be given several times', another, [])
    .option('--minutes <n>', `how long it is good for, at most ${LONGEST}`, minutesOf, LONGEST)
    .option('--json', 'print it as JSON, with its claims')
    .addHelpText(
      'before',
      `Examples:
  npx holdfast identity --email ada@example.org --name "Ada Lovelace"
  npx holdfast identity --email ada@example.org --cluster c042 --website www.example.org --minutes 5
  curl -s http://127.0.0.1:3000/api/v1/chats -H 'Content-Type: application/json' \\
    -d "{\\"identity\\":\\"$(npx holdfast identity --email ada@example.org)\\",\\"body\\":\\"Hello\\"}"
`,
    )
    .action(mint);
}

async function mint({ email, sub, name, organization, cluster, website, minutes, json = false }: Options): Promise<void> {
  const secret = secretOf(readEnvironment(process.env));
  const claims: IdentityClaims = {
    sub: sub ?? email.toLowerCase(),
    email,
    ...(name !== undefined && { name }),
    ...(organization !== undefined && { organization }),
    ...(cluster.length > 0 && { clusters: cluster }),
    ...(website.length > 0 && { websites: website }),
  };
  const now = Date.now();
  const identity = await mintIdentity(secret, claims, now, minutes * 60);
  // What the desk would refuse is told here and now.
  const { expiresAt } = await verifyIdentity(secret, identity, now);
  if (json) sayJson({ identity, claims, expiresAt: new Date(expiresAt).toISOString() });
  else say(identity);
}

function secretOf(environment: Environment): string {
  if (environment.DASHBOARD_JWT_SECRET !== undefined) return environment.DASHBOARD_JWT_SECRET;
  const { dir } = dataFolderOf(environment);
  if (existsSync(dir)) return dashboardSecretOf(dir);
  throw new HoldfastError('E_USAGE', `There is no secret to sign with: DASHBOARD_JWT_SECRET is not set, and there is no data folder ${dir}.`, {
    fix: 'Run npm start once, or set DASHBOARD_JWT_SECRET to the secret of your desk.',
  });
}

function minutesOf(text: string): number {
  const minutes = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
  if (minutes < 1 || minutes > LONGEST) throw new InvalidArgumentError(`Write a number of minutes from 1 to ${LONGEST}.`);
  return minutes;
}
