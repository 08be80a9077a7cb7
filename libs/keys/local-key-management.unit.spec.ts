import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { KeyringRefused, UnwrapRefused } from './errors.js';
import type { EncryptionContext } from './key-management.js';
import { LocalKeyManagement } from './local-key-management.js';
import { SecretFileExposed } from './secret-file/index.js';

const context: EncryptionContext = {
  tenantId: '11111111-1111-4111-8111-111111111111',
  purpose: 'token',
  environment: 'test',
};
let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyring-'));
  path = join(directory, 'keyring.json');
});
afterEach(() => rm(directory, { recursive: true }));

const open = (environment: EncryptionContext['environment'] = 'test') => LocalKeyManagement.open({ path, environment });

describe('the local key management', () => {
  it('unwraps what it wrapped, after a restart too', async () => {
    const { plaintext, wrapped } = await (await open()).generateDataKey(context);
    expect(plaintext).toHaveLength(32);
    expect(wrapped.includes(plaintext)).toBe(false);
    expect(await (await open()).decrypt(wrapped, context)).toEqual(plaintext);
  });

  it.each([
    ['tenant', { ...context, tenantId: '22222222-2222-4222-8222-222222222222' }],
    ['purpose', { ...context, purpose: 'personal' }],
    ['environment', { ...context, environment: 'development' as const }],
  ])('refuses to unwrap under another %s', async (_, other) => {
    const kms = await open();
    const { wrapped } = await kms.generateDataKey(context);
    await expect(kms.decrypt(wrapped, other)).rejects.toThrow(UnwrapRefused);
  });

  it('takes the order of the context as it comes', async () => {
    const kms = await open();
    const { plaintext, wrapped } = await kms.generateDataKey(context);
    const { tenantId, purpose, environment } = context;
    expect(await kms.decrypt(wrapped, { environment, purpose, tenantId })).toEqual(plaintext);
  });

  it('refuses a wrapped key with any bit changed, cut short or made longer', async () => {
    const kms = await open();
    const { wrapped } = await kms.generateDataKey(context);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: wrapped.length * 8 - 1 }), async (bit) => {
        const changed = Buffer.from(wrapped);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        await expect(kms.decrypt(changed, context)).rejects.toThrow(UnwrapRefused);
      }),
    );
    await expect(kms.decrypt(wrapped.subarray(0, -1), context)).rejects.toThrow(UnwrapRefused);
    await expect(kms.decrypt(Buffer.concat([wrapped, Buffer.alloc(1)]), context)).rejects.toThrow(UnwrapRefused);
    await expect(kms.decrypt(Buffer.alloc(0), context)).rejects.toThrow(UnwrapRefused);
  });

  it('refuses a key that another keyring wrapped', async () => {
    const { wrapped } = await (await open()).generateDataKey(context);
    await rm(path);
    await expect((await open()).decrypt(wrapped, context)).rejects.toThrow(UnwrapRefused);
  });

  it('gives the same MAC for the same name and data, and another for any other', async () => {
    const kms = await open();
    const mac = (name: string, data: string) => kms.mac(name, Buffer.from(data)).then((bytes) => bytes.toString('hex'));
    const given = await mac('audit-salt', 'a');
    expect(await (await open()).mac('audit-salt', Buffer.from('a'))).toEqual(Buffer.from(given, 'hex'));
    expect(new Set([given, await mac('audit-salt', 'b'), await mac('other', 'a')]).size).toBe(3);
  });

  it('refuses production, and writes nothing', async () => {
    await expect(open('production')).rejects.toThrow(KeyringRefused);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('the keyring file', () => {
  it('is readable by its owner alone, and leaves nothing beside it', async () => {
    await open();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['keyring.json']);
  });

  it('is refused when others can read it', async () => {
    await open();
    await chmod(path, 0o640);
    await expect(open()).rejects.toThrow(SecretFileExposed);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    ['empty', () => ''],
    ['of another format', (text: string) => text.replace('"format": 1', '"format": 2')],
    ['without the current key', (text: string) => text.replace('"current": 1', '"current": 9')],
  ])('is refused when it is %s, without quoting it, and is left as it is', async (_, spoil) => {
    await open();
    const text = await readFile(path, 'utf8');
    await writeFile(path, spoil(text));
    const refusal = await open().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(KeyringRefused);
    expect(String(refusal)).not.toContain(/"1": "(.{20})/.exec(text)?.[1]);
    expect(await readFile(path, 'utf8')).toBe(spoil(text));
  });

  it('is one for creators that start together in one process', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => open()));
    const { plaintext, wrapped } = await (all[0] as LocalKeyManagement).generateDataKey(context);
    for (const kms of all) expect(await kms.decrypt(wrapped, context)).toEqual(plaintext);
    expect(await readdir(directory)).toEqual(['keyring.json']);
  });

  it('is one for processes that start together', async () => {
    const secretFile = join(directory, 'create.mjs');
    const { code } = await (await import('@swc/core')).transformFile('libs/keys/secret-file/secret-file.ts');
    await writeFile(secretFile, code);
    // Each waits for the same moment, then creates the file with a text of its own and prints what it got.
    const program = `
      const { readOrCreateSecretFile } = await import(${JSON.stringify(secretFile)});
      while (Date.now() < ${Date.now() + 700});
      console.log(await readOrCreateSecretFile(${JSON.stringify(path)}, () => String(process.pid)));`;
    const run = promisify(execFile);
    const started = Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '-e', program]));
    const printed = (await Promise.all(started)).map(({ stdout }) => stdout);
    expect(new Set(printed).size).toBe(1);
    expect(await readFile(path, 'utf8')).toBe(printed[0]?.trim());
  });
});
