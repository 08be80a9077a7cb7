import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import { producersCommand } from './producers.js';

let database: TestDatabase;
let directory: string;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'billing-producers-'));
  tenantId = await database.addTenant();
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});

/** What the command prints and how it ends. */
const run = async (...args: string[]): Promise<{ out: string; err: string; code: number }> => {
  let [out, err, code] = ['', '', 0];
  const { log } = console;
  const exit = process.exit.bind(process);
  const write = process.stderr.write.bind(process.stderr);
  console.log = (line: string) => void (out += `${line}\n`);
  process.stderr.write = (text: unknown) => ((err += String(text)), true);
  process.exit = (status) => {
    code = Number(status);
    throw new Error('exit');
  };
  try {
    await producersCommand({ DATABASE_URL: database.adminUrl }).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (code === 0) throw error;
  } finally {
    Object.assign(console, { log });
    Object.assign(process, { exit });
    Object.assign(process.stderr, { write });
  }
  return { out: out.trim(), err, code };
};

const file = (name: string): string => join(directory, name);
/** The id of the key that a service was registered with. */
const kidIn = (out: string): string => / the key ([\w-]{43})\b/.exec(out)?.[1] ?? '';
const forTenant = () => ['--tenant', tenantId, '--scope', 'billing:write'];

describe('billing producers', () => {
  it('registers a service with a key that it makes, which only its owner can read', async () => {
    const { out, code } = await run('add', 'shop', ...forTenant(), '--generate-key', file('shop.pem'));
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(file('shop.pem')) as string });
    const kid = kidIn(out);
    expect((await stat(file('shop.pem'))).mode & 0o777).toBe(0o600);
    expect(await readFile(file('shop.pem'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const listed = JSON.parse((await run('list', '--json')).out) as Record<string, unknown>;
    expect(listed).toMatchObject({ name: 'shop', tenants: [tenantId], scopes: ['billing:write'], keys: [{ kid }] });
  });

  it('adds a second key, revokes the first, and shows which is which', async () => {
    const pem = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' });
    await writeFile(file('second.pub'), pem);
    const second = kidIn((await run('add', 'shop', '--public-key', file('second.pub'))).out);
    const { keys } = JSON.parse((await run('list', '--json')).out) as { keys: { kid: string }[] };
    const first = keys.find(({ kid }) => kid !== second)?.kid ?? '';
    expect((await run('revoke', 'shop', '--kid', first)).code).toBe(0);
    const table = (await run('list')).out.split('\n');
    expect(table.find((line) => line.includes(first))).toContain('revoked');
    expect(table.find((line) => line.includes(second))).toContain('active');
  });

  it('registers a service that calls the api by its SPIFFE id, with no key or beside one, and shows it', async () => {
    const added = await run('add', 'mall', ...forTenant(), '--spiffe-id', 'spiffe://acme.example/mall');
    expect(added).toMatchObject({ code: 0, out: 'mall is registered with spiffe://acme.example/mall' });
    const both = await run('add', 'shop', '--spiffe-id', 'spiffe://acme.example/shop', '--generate-key', file('third'));
    expect(both.out).toMatch(/^shop is registered with spiffe:\/\/acme.example\/shop and the key [\w-]{43}, its/);
    const table = (await run('list')).out.split('\n');
    expect(table.find((line) => line.includes('spiffe://acme.example/mall'))).toContain('active');
    expect(table.find((line) => line.includes(kidIn(both.out)))).toContain('spiffe://acme.example/shop');
    expect((await run('list', '--json')).out).toContain('"spiffeId":"spiffe://acme.example/mall"');
    expect((await run('revoke', 'mall')).code).toBe(0);
    expect((await run('list')).out).toMatch(/spiffe:\/\/acme.example\/mall .*producer revoked/);
  });

  it('says in one line what was asked for wrongly, and ends with 64', async () => {
    await writeFile(file('private.pem'), await readFile(file('shop.pem')));
    const wrong: [words: RegExp, ...args: string[]][] = [
      [
        /refund|second factor/,
        'add',
        'bad',
        '--tenant',
        tenantId,
        '--scope',
        'billing:refund',
        '--generate-key',
        file('x'),
      ],
      [/private key/, 'add', 'bad', ...forTenant(), '--public-key', file('private.pem')],
      [/cannot be read: ENOENT/, 'add', 'bad', ...forTenant(), '--public-key', file('nothing')],
      [/exists already/, 'add', 'bad', ...forTenant(), '--generate-key', file('shop.pem')],
      [/--public-key/, 'add', 'bad', ...forTenant()],
      [/UUID/, 'add', 'bad', '--tenant', 'all', '--scope', 'billing:write', '--generate-key', file('x')],
      [
        /there is no tenant/,
        'add',
        'bad',
        '--tenant',
        tenantId.replace(/.{4}$/, '0000'),
        '--scope',
        'billing:write',
        '--generate-key',
        file('x'),
      ],
      [/trust-domain/, 'add', 'bad', ...forTenant(), '--spiffe-id', 'https://acme.example/bad'],
      [/another service's/, 'add', 'bad', ...forTenant(), '--spiffe-id', 'spiffe://acme.example/shop'],
      [/which tenants/, 'add', 'bad', '--scope', 'billing:write', '--generate-key', file('x')],
      [/cannot be used with/, 'add', 'bad', ...forTenant(), '--all-tenants', '--generate-key', file('x')],
      [/there is no producer/, 'revoke', 'nobody'],
    ];
    for (const [words, ...args] of wrong) {
      const { err, code } = await run(...args);
      expect({ args, code }).toEqual({ args, code: 64 });
      expect(err).toMatch(words);
    }
    await expect(stat(file('x'))).rejects.toThrow('ENOENT'); // no key is left of what was refused
  });
});
