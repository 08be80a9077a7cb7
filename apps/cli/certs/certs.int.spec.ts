import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readInboundSettings } from '#platform/configuration';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import { Listeners } from '#platform/tls';

import { runCommand } from '../testing/run-command.js';
import { certsCommand } from './index.js';

let parent: string;
let directory: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'billing-certs-'));
  directory = join(parent, 'certs');
});
afterEach(() => rm(parent, { recursive: true }));

const dev = (...args: string[]) => runCommand(certsCommand({}), ['dev', '--directory', directory, ...args]);
const certificate = async (name: string) => new X509Certificate(await readFile(join(directory, name)));

describe('billing certs dev', () => {
  it('makes what the listeners take, for the named services, and says how to use it', async () => {
    const { code, out } = await dev('--service', 'shop', '--service', 'till');
    expect(code).toBe(0);
    expect((await readdir(directory)).sort()).toEqual(
      [
        'allow',
        'api.key',
        'api.pem',
        'ca.key',
        'ca.pem',
        'deny',
        'shop.key',
        'shop.pem',
        'till.key',
        'till.pem',
      ].sort(),
    );
    for (const name of await readdir(directory)) expect((await stat(join(directory, name))).mode & 0o077).toBe(0);
    const [ca, api, shop] = await Promise.all(['ca.pem', 'api.pem', 'shop.pem'].map(certificate));
    if (!ca || !api || !shop) throw new Error('there are three');
    for (const each of [api, shop]) expect(each.verify(ca.publicKey) && each.checkIssued(ca)).toBe(true);
    expect(shop.subjectAltName).toBe('URI:spiffe://billing.local/shop');
    expect(shop.ca).toBe(false);
    expect(api.checkIP('127.0.0.1') && api.checkHost('localhost')).toBe('localhost');

    const words = [...out.matchAll(/([A-Z_]+)=('[^']+'|[\w./-]+)/g)].map(([, name, value]) => [name, value]);
    const settings = readInboundSettings(Object.fromEntries(words) as NodeJS.ProcessEnv, 'api');
    expect(settings).toMatchObject({ servicePort: 3443, clients: { denyFile: join(directory, 'deny') } });
    const logger = createLogger({ app: 'certs', level: 'silent' });
    const options = { logger, metrics: createMetrics('certs'), name: 'people', denied: () => undefined };
    expect(new Listeners(settings, options).tls).toBeDefined();
    expect(out).toContain('producers add shop --all-tenants');
    expect(out).toContain('token --service spiffe://billing.local/shop --certificate');
  });

  it('keeps its authority when it is run again, and whom it has let in', async () => {
    await dev('--service', 'shop');
    const [authority, shop] = [await certificate('ca.pem'), await certificate('shop.pem')];
    // By hand, without the end of a line, and emptied.
    await writeFile(join(directory, 'allow'), 'spiffe://billing.local/shop');
    await writeFile(join(directory, 'deny'), '');
    await dev('--service', 'till');
    expect(await readFile(join(directory, 'deny'), 'utf8')).toMatch(/\n$/);
    expect((await certificate('ca.pem')).fingerprint256).toBe(authority.fingerprint256);
    expect((await certificate('shop.pem')).fingerprint256).toBe(shop.fingerprint256);
    expect((await certificate('till.pem')).verify(authority.publicKey)).toBe(true);
    const allowed = (await readFile(join(directory, 'allow'), 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('spiffe'));
    expect(allowed).toEqual(['spiffe://billing.local/shop', 'spiffe://billing.local/till']);
  });

  it.each([
    [['--service', 'Shop'], 'a service has lower-case letters'],
    [['--service', 'api'], 'api is the name of the api itself'],
    [['--service', '../x'], 'a service has lower-case letters'],
    [['--days', '91'], 'give whole days, 1 to 90'],
  ])('refuses %j', async (args, message) => {
    const { code, err } = await dev(...args);
    expect({ code, err }).toEqual({ code: 64, err: expect.stringContaining(message) as string });
  });

  it('is not for production', async () => {
    const command = certsCommand({ BILLING_ENV: 'production' });
    await expect(runCommand(command, ['dev', '--directory', directory])).rejects.toThrow('BILLING_ENV is production');
  });
});
