import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeVariables, readEnvironment, requireVariables, setInVain } from '../../config/environment';
import { formatKeys, generateKey, parseKeys } from '../../config/keys';
import { temporalConnection } from '../../config/temporal';
import { HoldfastError } from '../../messages/errors';

/** The message of the E_ENVIRONMENT that this environment leads to. */
function complaint(env: NodeJS.ProcessEnv): string {
  try {
    readEnvironment(env);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    expect(error.code).toBe('E_ENVIRONMENT');
    return error.message;
  }
  throw new Error('This environment should have been refused.');
}

describe('the environment', () => {
  test('has a default for each thing that can have one', () => {
    const environment = readEnvironment({});
    expect(environment).toMatchObject({
      PORT: 3000,
      HOLDFAST_HOST: '127.0.0.1',
      HOLDFAST_PUBLIC_URL: 'http://127.0.0.1:3000',
      TEMPORAL_NAMESPACE: 'default',
      TEMPORAL_PORT: 7233,
      TEMPORAL_UI_PORT: 8233,
      SMTP_LISTEN: { host: '127.0.0.1', port: 2525 },
      MAIL_DOMAIN: 'example.test',
      PAGERDUTY_EVENTS_URL: 'https://events.pagerduty.com',
    });
    expect(environment.DATABASE_URL).toBeUndefined();
    expect(environment.TEMPORAL_ADDRESS).toBeUndefined();
  });

  test('takes blank values as not set, and trims', () => {
    const environment = readEnvironment({ PORT: '', HOLDFAST_POLICY: '  ', MAIL_DOMAIN: ' desk.example ' });
    expect(environment.PORT).toBe(3000);
    expect(environment.HOLDFAST_POLICY).toBeUndefined();
    expect(environment.MAIL_DOMAIN).toBe('desk.example');
  });

  test('makes local links that a browser can open', () => {
    expect(readEnvironment({ HOLDFAST_HOST: '0.0.0.0', PORT: '8080' }).HOLDFAST_PUBLIC_URL).toBe('http://127.0.0.1:8080');
    expect(readEnvironment({ HOLDFAST_HOST: '::1', PORT: '8080' }).HOLDFAST_PUBLIC_URL).toBe('http://[::1]:8080');
    expect(readEnvironment({ HOLDFAST_PUBLIC_URL: 'https://desk.example.org/' }).HOLDFAST_PUBLIC_URL).toBe('https://desk.example.org');
  });

  test('names every wrong variable, what it got and what is expected', () => {
    const message = complaint({ PORT: '70000', SMTP_LISTEN: '2525', DATABASE_URL: 'mysql://root:hunter2@db/desk', MAIL_DOMAIN: 'not a domain' });
    expect(message).toContain('4 environment variables are wrong');
    expect(message).toContain('PORT: got "70000", expected a port number from 1 to 65535');
    expect(message).toContain('SMTP_LISTEN: got "2525", expected host:port');
    expect(message).toContain('MAIL_DOMAIN: got "not a domain", expected a mail domain');
    expect(message).toContain('DATABASE_URL: got a value that is not shown here, expected a URL that begins with postgres://');
  });

  test.each(['0', '65536', '-1', '3000x', '1e3', '0x10'])('refuses %s as a port', (value) => {
    expect(complaint({ PORT: value })).toContain(`PORT: got "${value}"`);
  });

  test.each([
    ['HOLDFAST_ADMIN_TOKEN', 'short-secret'],
    ['HOLDFAST_SIGNING_KEYS', 'k1:c2hvcnQ='],
    ['HOLDFAST_PAYLOAD_KEYS', 'not-a-key-list'],
    ['DASHBOARD_JWT_SECRET', 'too-short-secret'],
    ['SMTP_URL', 'http://user:secret-word@mail'],
    ['IMAP_URL', 'secret-thing'],
  ])('never shows the value of %s', (name, value) => {
    const message = complaint({ [name]: value });
    expect(message).toContain(`${name}: got a value that is not shown here`);
    expect(message).not.toContain(value);
  });

  test('wants groups of variables complete', () => {
    expect(complaint({ SLACK_BOT_TOKEN: 'xoxb-1' })).toContain('SLACK_CHANNEL: not set, expected because SLACK_BOT_TOKEN is');
    expect(complaint({ TWILIO_FROM: '+4930123456', TWILIO_ACCOUNT_SID: 'AC1' })).toContain(
      'TWILIO_AUTH_TOKEN: not set, expected because TWILIO_ACCOUNT_SID and TWILIO_FROM are',
    );
    expect(readEnvironment({ SLACK_BOT_TOKEN: 'xoxb-1', SLACK_CHANNEL: 'support' }).SLACK_CHANNEL).toBe('support');
  });

  test('tells a process what it cannot do without', () => {
    const environment = readEnvironment({ DATABASE_URL: 'postgres://127.0.0.1/desk' });
    expect(requireVariables(environment, ['DATABASE_URL']).DATABASE_URL).toBe('postgres://127.0.0.1/desk');
    expect(() => requireVariables(environment, ['DATABASE_URL', 'TEMPORAL_ADDRESS'])).toThrow(
      /One environment variable is wrong:\n {2}TEMPORAL_ADDRESS: not set, expected a Temporal server/,
    );
  });

  test('describes each variable, for the help', () => {
    const help = describeVariables();
    expect(help.filter(({ byDefault }) => byDefault === '' || byDefault?.includes('undefined') === true)).toEqual([]);
    expect(help.find(({ name }) => name === 'PORT')).toMatchObject({ byDefault: '3000' });
    expect(help.find(({ name }) => name === 'SMTP_LISTEN')).toMatchObject({ byDefault: '127.0.0.1:2525' });
    expect(help.filter(({ about }) => about === '')).toEqual([]);
  });

  test('promises nothing of what no part reads yet', () => {
    expect(describeVariables().map(({ name }) => name)).not.toContain('IMAP_URL');
    expect(setInVain({ IMAP_URL: 'imaps://mail.example', PORT: '3000', OIDC_ISSUER: ' ' })).toEqual(['IMAP_URL']);
  });
});

describe('signing and payload keys', () => {
  test('are read in their order and written back as they were', () => {
    const keys = [generateKey(), generateKey()];
    const text = formatKeys(keys);
    expect(readEnvironment({ HOLDFAST_SIGNING_KEYS: text }).HOLDFAST_SIGNING_KEYS).toEqual(keys);
    expect(keys[0]?.secret).toHaveLength(32);
  });

  test('are refused when one is too short, unnamed or named twice', () => {
    const good = formatKeys([{ id: 'a', secret: Buffer.alloc(32, 1) }]);
    expect(parseKeys(good)).toHaveLength(1);
    expect(parseKeys(`${good},${good}`)).toBeNull();
    // Mail systems fold the case of the address that names a key.
    expect(parseKeys(`${good},${good.replace('a:', 'A:')}`)).toBeNull();
    expect(parseKeys(`a:${Buffer.alloc(31).toString('base64')}`)).toBeNull();
    expect(parseKeys(Buffer.alloc(32).toString('base64'))).toBeNull();
    expect(parseKeys('')).toBeNull();
  });
});

describe('how Temporal is reached', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-environment-'));
  const file = join(folder, 'temporal.toml');
  beforeAll(() =>
    writeFileSync(file, '[profile.default]\naddress = "cloud.example:7233"\nnamespace = "desk"\n[profile.other]\naddress = "other.example:7233"\n'),
  );
  afterAll(() => rmSync(folder, { recursive: true }));

  test('from its standard variables', () => {
    const environment = readEnvironment({
      TEMPORAL_ADDRESS: 'cloud.example:7233',
      TEMPORAL_NAMESPACE: 'desk',
      TEMPORAL_API_KEY: 'key',
      TEMPORAL_TLS_SERVER_NAME: 'sni.example',
    });
    expect(environment.TEMPORAL_ADDRESS).toBe('cloud.example:7233');
    expect(temporalConnection(environment)).toMatchObject({
      namespace: 'desk',
      connectionOptions: { address: 'cloud.example:7233', apiKey: 'key', tls: { serverNameOverride: 'sni.example' } },
    });
  });

  test('from a profile file that is named, never from one that merely lies in a home', () => {
    expect(readEnvironment({ TEMPORAL_CONFIG_FILE: file })).toMatchObject({ TEMPORAL_ADDRESS: 'cloud.example:7233', TEMPORAL_NAMESPACE: 'desk' });
    expect(readEnvironment({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'other' }).TEMPORAL_ADDRESS).toBe('other.example:7233');
    expect(readEnvironment({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_ADDRESS: '127.0.0.1:7233' }).TEMPORAL_ADDRESS).toBe('127.0.0.1:7233');
    expect(readEnvironment({ XDG_CONFIG_HOME: folder, HOME: folder }).TEMPORAL_ADDRESS).toBeUndefined();
  });

  test('and a profile that cannot be read is said', () => {
    expect(complaint({ TEMPORAL_CONFIG_FILE: join(folder, 'none.toml') })).toMatch(/TEMPORAL_CONFIG_FILE: the file .*none\.toml does not exist/);
    expect(complaint({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'missing' })).toContain("'missing' not found");
  });
});
