import { ConfigurationError, readInboundSettings } from './index.js';

const tls = { TLS_CERT: 'api.pem', TLS_KEY: 'api.key' };
const clients = { TLS_CLIENT_CA: 'ca.pem', TLS_CLIENT_ALLOW: 'spiffe://billing.test/shop, spiffe://billing.test/till' };

describe('the settings of the listeners', () => {
  it('are plain HTTP on loopback, for people, when nothing is said', () => {
    expect(readInboundSettings({ HOST: '', SERVICE_PORT: '' }, 'api')).toMatchObject({
      host: '127.0.0.1',
      tls: undefined,
      servicePort: undefined,
      clients: undefined,
    });
  });

  it.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', 'localhost'])('let plain HTTP listen on %s', (HOST) => {
    expect(readInboundSettings({ HOST }, 'api').tls).toBeUndefined();
  });

  it.each(['0.0.0.0', '::', '10.0.0.5', '::ffff:10.0.0.5', '2001:db8::1'])(
    'refuse plain HTTP on %s, and say why',
    (address) => {
      for (const [app, name] of [
        ['api', 'HOST'],
        ['webhook-ingest', 'WEBHOOK_HOST'],
      ] as const) {
        const read = (more = {}) => readInboundSettings({ [name]: address, ...more }, app);
        expect(() => read()).toThrow(ConfigurationError);
        expect(() => read()).toThrow(
          `${name} is ${address}, which other machines may reach, and plain HTTP is for loopback`,
        );
        expect(read(tls)).toMatchObject({ host: address, tls: { certFile: 'api.pem', keyFile: 'api.key' } });
      }
    },
  );

  it('name the listener for services, and whom it lets in', () => {
    expect(readInboundSettings({ ...tls, ...clients, SERVICE_PORT: '0' }, 'api')).toMatchObject({
      servicePort: 0,
      clients: {
        caFile: 'ca.pem',
        allow: { ids: ['spiffe://billing.test/shop', 'spiffe://billing.test/till'] },
        denyFile: undefined,
      },
    });
    const files = { TLS_CLIENT_ALLOW: '/etc/billing/allow', TLS_CLIENT_DENY: '/etc/billing/deny' };
    expect(readInboundSettings({ ...tls, ...clients, ...files, SERVICE_PORT: '3443' }, 'api').clients).toMatchObject({
      allow: { file: '/etc/billing/allow' },
      denyFile: '/etc/billing/deny',
    });
    expect(readInboundSettings({ ...tls, ...clients, SERVICE_PORT: '3443' }, 'webhook-ingest')).toMatchObject({
      servicePort: undefined,
      clients: undefined,
    });
  });

  it('name proxies by id, address and network', () => {
    const TRUSTED_PROXIES = 'spiffe://billing.test/proxy,10.1.0.0/16 ::1';
    const { spiffeIds, addresses } = readInboundSettings({ TRUSTED_PROXIES }, 'api').trustedProxies;
    expect([...spiffeIds]).toEqual(['spiffe://billing.test/proxy']);
    expect(['10.1.2.3', '10.2.0.1'].map((address) => addresses.check(address))).toEqual([true, false]);
    expect(addresses.check('::1', 'ipv6')).toBe(true);
  });

  it.each([
    '0.0.0.0/1,128.0.0.0/1',
    '0.0.0.0/0',
    '10.0.0.0/7',
    '::/0',
    '::/1',
    '2000::/3',
    '2001::/15',
    '::ffff:0:0/96',
    '::ffff:0.0.0.0/103',
    '::ffff:10.0.0.0/95',
    '::/16',
    '::/80',
  ])('take no proxies by a network that is nearly everybody: %s', (TRUSTED_PROXIES) => {
    expect(() => readInboundSettings({ TRUSTED_PROXIES }, 'api')).toThrow(ConfigurationError);
    expect(() => readInboundSettings({ TRUSTED_PROXIES }, 'api')).toThrow('would believe everybody');
  });

  it("take a network that may be somebody's own, written either way", () => {
    const TRUSTED_PROXIES = '10.0.0.0/8 2001::/16 fd00::/16 ::ffff:172.16.0.0/108 ::ffff:192.0.2.1 ::1';
    const { addresses } = readInboundSettings({ TRUSTED_PROXIES }, 'api').trustedProxies;
    const takes = (address: string) => addresses.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
    expect(['10.9.9.9', '172.31.0.1', '192.0.2.1', 'fd00::9', '::ffff:10.1.1.1'].filter(takes)).toHaveLength(5);
    expect(['11.0.0.1', '172.32.0.1', '192.0.2.2', 'fd01::9', '203.0.113.7'].filter(takes)).toEqual([]);
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ['TLS_CERT and TLS_KEY belong together', { TLS_CERT: 'api.pem' }],
    ['TLS_CERT and TLS_KEY belong together', { TLS_KEY: 'api.key' }],
    ['HOST must be an address of this machine', { HOST: 'billing.internal' }],
    ['SERVICE_PORT must be a port number', { ...tls, ...clients, SERVICE_PORT: 'https' }],
    ['SERVICE_PORT must be a port number', { ...tls, ...clients, SERVICE_PORT: '70000' }],
    ["SERVICE_PORT must not be 3000 too, which is PORT's", { ...tls, ...clients, SERVICE_PORT: '3000' }],
    ['SERVICE_PORT speaks TLS alone', { ...clients, SERVICE_PORT: '3443' }],
    ['TLS_CLIENT_CA must name the file', { ...tls, SERVICE_PORT: '3443' }],
    ['TLS_CLIENT_ALLOW must list', { ...tls, TLS_CLIENT_CA: 'ca.pem', SERVICE_PORT: '3443' }],
    [
      'TLS_CLIENT_ALLOW: spiffe://Shop is no SPIFFE id',
      { ...tls, ...clients, TLS_CLIENT_ALLOW: 'spiffe://Shop', SERVICE_PORT: '0' },
    ],
    ['TLS_CLIENT_CA is for services, and they have no way in', { ...tls, ...clients }],
    ['TRUSTED_PROXIES: proxy.internal is no SPIFFE id', { TRUSTED_PROXIES: 'proxy.internal' }],
    ['TRUSTED_PROXIES: 10.0.0.0/33 is no SPIFFE id', { TRUSTED_PROXIES: '10.0.0.0/33' }],
    ['TRUSTED_PROXIES: 0.0.0.0/0 would believe everybody', { TRUSTED_PROXIES: '0.0.0.0/0' }],
    ['TRUSTED_PROXIES: ::/0 would believe everybody', { TRUSTED_PROXIES: '::/0' }],
  ])('say "%s"', (message, environment) => {
    expect(() => readInboundSettings(environment, 'api')).toThrow(ConfigurationError);
    expect(() => readInboundSettings(environment, 'api')).toThrow(message);
  });
});
