import { RemoteCounter } from '../../intake/remote-limits';

describe('what a remote address may ask', () => {
  let now = 1_000_000;
  const counter = (limits = {}) => new RemoteCounter(() => now, limits);

  test('addresses of one IPv6 network count together, other networks and IPv4 addresses by themselves', () => {
    const remotes = counter({ connections: 1 });
    expect(remotes.connected('2001:db8:0:1::1')).toBeNull();
    expect(remotes.connected('2001:0DB8::1:ffff:0:0:2')).toBe('atOnce');
    expect(remotes.connected('2001:db8:0:2::1')).toBeNull();
    expect(remotes.connected('192.0.2.1')).toBeNull();
    expect(remotes.connected('192.0.2.2')).toBeNull();
    expect(remotes.connected('192.0.2.1')).toBe('atOnce');
    remotes.closed('2001:db8:0:1::1');
    remotes.closed('2001:db8:0:1::1');
    expect(remotes.connected('2001:db8:0:1:9::')).toBeNull();
  });

  test('a minute begins with the first connection, also after the clock was set back', () => {
    const remotes = counter({ connectionsPerMinute: 1, mailsPerMinute: 1 });
    const act = () => [remotes.connected('192.0.2.1'), remotes.mail('192.0.2.1')];
    expect([act(), act()]).toEqual([
      [null, true],
      ['perMinute', false],
    ]);
    now += 59_999;
    expect(act()).toEqual(['perMinute', false]);
    now += 1;
    expect(act()).toEqual([null, true]);
    now -= 3_600_000;
    expect(act()).toEqual([null, true]);
  });

  test('what is held of an address counts until it is let go, whatever the minute', () => {
    const remotes = counter({ heldBytes: 100 });
    remotes.connected('192.0.2.1');
    remotes.holds('192.0.2.1', 60);
    remotes.closed('192.0.2.1');
    now += 120_000;
    remotes.connected('192.0.2.2');
    remotes.closed('192.0.2.2');
    remotes.holds('192.0.2.1', 41);
    expect([remotes.holdsTooMuch('192.0.2.1'), remotes.holdsTooMuch('192.0.2.2')]).toEqual([true, false]);
    remotes.holds('192.0.2.1', -41);
    expect(remotes.holdsTooMuch('192.0.2.1')).toBe(false);
  });

  test('this computer is limited by the minute and in bytes only when asked', () => {
    for (const [loopback, expected] of [
      [true, ['perMinute', false, true]],
      [false, [null, true, false]],
    ] as const) {
      const remotes = counter({ connectionsPerMinute: 0, mailsPerMinute: 0, heldBytes: 0, loopback });
      for (const address of ['127.0.0.1', '127.8.8.8', '::1']) {
        remotes.holds(address, 1);
        expect([remotes.connected(address), remotes.mail(address), remotes.holdsTooMuch(address)]).toEqual(expected);
      }
    }
  });
});
