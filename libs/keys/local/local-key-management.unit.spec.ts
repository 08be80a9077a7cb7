import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KeyringRefused, UnwrapRefused } from '../errors.js';
import type { EncryptionContext } from '../key-management.js';
import { LocalKeyManagement } from './local-key-management.js';
import type { MasterKeySource } from './keyring-store.js';
import { SecretFileExposed } from '../secret-file/index.js';
import { itManagesKeys } from '../testing/key-management-contract.js';

const context: EncryptionContext = {
  tenantId: '11111111-1111-4111-8111-111111111111',
  purpose: 'token',
  environment: 'test',
};
let directory: string;
let path: string;
let masterKeyPath: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyring-'));
  path = join(directory, 'keyring.json');
  masterKeyPath = join(directory, 'keyring-master.key');
});
afterEach(() => rm(directory, { recursive: true }));

const open = (environment: EncryptionContext['environment'] = 'test', masterKey?: MasterKeySource) =>
  LocalKeyManagement.open({ path, environment, ...(masterKey && { masterKey }) });

/** The version of the wrapping key that a wrapped key names. */
const versionOf = (wrapped: Buffer): number => wrapped.readUInt32BE(1);

/** A keyring as the first release wrote it, and a data key (32 times 5) that it wrapped under `context`. */
const bare = {
  format: 1,
  current: 1,
  masterKeys: { 1: Buffer.alloc(32, 1).toString('base64') },
  macKey: Buffer.alloc(32, 2).toString('base64'),
};
const wrappedByBare = Buffer.from(
  'AQAAAAEJCQkJCQkJCQkJCQnBCiLLyzUDxHpRT0qr2IASnMJ7/zGaMeMyXTVM61L6+D/IosKVS341JqGtCyBYwmY=',
  'base64',
);

describe('the local key management', () => {
  let shared: LocalKeyManagement;
  let home: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'keyring-'));
    shared = await LocalKeyManagement.open({ path: join(home, 'keyring.json'), environment: 'test' });
  });
  afterAll(() => rm(home, { recursive: true }));

  itManagesKeys({ open: () => shared, signingKeys: { ed25519: 'audit', 'ecdsa-p256': 'audit-p256' } });

  it('has the same keys after a restart', async () => {
    const { plaintext, wrapped } = await (await open()).generateDataKey(context);
    const mac = await (await open()).mac('audit-salt', Buffer.from('a'));
    const { publicKey } = await (await open()).signingKey('audit');
    const again = await open();
    expect(await again.decrypt(wrapped, context)).toEqual(plaintext);
    expect(await again.mac('audit-salt', Buffer.from('a'))).toEqual(mac);
    expect(await again.signingKey('audit')).toEqual({ algorithm: 'ed25519', publicKey });
    expect((await again.signingKey('other')).publicKey).not.toEqual(publicKey);
  });

  it('refuses a key that another keyring wrapped', async () => {
    const { wrapped } = await (await open()).generateDataKey(context);
    await rm(path);
    await rm(masterKeyPath);
    await expect((await open()).decrypt(wrapped, context)).rejects.toThrow(UnwrapRefused);
  });

  it('takes up at once what another process rotated', async () => {
    const [one, other] = [await open(), await open()];
    const before = await one.generateDataKey(context);
    await other.rotateMasterKey();
    const after = await other.generateDataKey(context);
    expect(versionOf(before.wrapped)).toBe(1);
    expect(versionOf(after.wrapped)).toBe(2);
    expect(await one.decrypt(after.wrapped, context)).toEqual(after.plaintext);
    expect(versionOf((await one.generateDataKey(context)).wrapped)).toBe(2);
    expect(versionOf(await one.reEncrypt(before.wrapped, context))).toBe(2);
  });

  it('loses no key when several processes rotate at once', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => open()));
    await Promise.all(all.map((kms) => kms.rotateMasterKey()));
    expect(versionOf((await (await open()).generateDataKey(context)).wrapped)).toBe(6);
    expect(await readdir(directory)).toEqual(['keyring-master.key', 'keyring.json']);
  });

  it('refuses production, and writes nothing', async () => {
    await expect(open('production')).rejects.toThrow(KeyringRefused);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('a keyring file that cannot be read just now', () => {
  it('is no answer about what is wrapped: it may be tried again, and opens once the file is back', async () => {
    const [one, other] = [await open(), await open()];
    await other.rotateMasterKey();
    const { plaintext, wrapped } = await other.generateDataKey(context);
    await rename(path, `${path}.away`);
    for (const asked of [one.decrypt(wrapped, context), one.encrypt(plaintext, context)])
      await expect(asked).rejects.toMatchObject({ code: 'key_management_unavailable', trouble: 'unreachable' });
    await rename(`${path}.away`, path);
    expect(await one.decrypt(wrapped, context)).toEqual(plaintext);
  });
});

describe('the keyring file', () => {
  it('and its master key are readable by their owner alone, with nothing left beside them', async () => {
    await open();
    expect(await readdir(directory)).toEqual(['keyring-master.key', 'keyring.json']);
    for (const file of [path, masterKeyPath]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('holds no key in clear', async () => {
    const { masterKeys, macKey } = bare;
    await writeFile(path, JSON.stringify(bare), { mode: 0o600 });
    await open();
    const text = await readFile(path, 'utf8');
    for (const key of [...Object.values(masterKeys), macKey, (await readFile(masterKeyPath, 'utf8')).trim()])
      expect(text).not.toContain(key);
  });

  it('is refused when others can read it', async () => {
    await open();
    await chmod(path, 0o640);
    await expect(open()).rejects.toThrow(SecretFileExposed);
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    ['empty', () => ''],
    ['of another format', (text: string) => text.replace('"format": 2', '"format": 3')],
    ['without the current key', (text: string) => text.replace('"current": 1', '"current": 9')],
    [
      'changed',
      (text: string) =>
        text.replace(/("macRoot": ")(.)/, (_, before: string, at: string) => before + (at === 'A' ? 'B' : 'A')),
    ],
    [
      'with a key in the place of another',
      (text: string) => text.replace(/("macRoot": ).*/, `$1${/"signingRoot": (.*)/.exec(text)?.[1] ?? ''},`),
    ],
  ])('is refused when it is %s, without quoting it, and is left as it is', async (_, spoil) => {
    await open();
    const text = await readFile(path, 'utf8');
    await writeFile(path, spoil(text));
    const refusal = await open().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(KeyringRefused);
    expect(String(refusal)).not.toContain(/"1": "(.{20})/.exec(text)?.[1]);
    expect(await readFile(path, 'utf8')).toBe(spoil(text));
  });

  it('is not set back to an older version', async () => {
    await (await open()).rotateMasterKey();
    await writeFile(path, (await readFile(path, 'utf8')).replace('"current": 2', '"current": 1'));
    await expect(open()).rejects.toThrow('was changed since it was written');
  });

  it('of an earlier release is sealed at the first start, and opens what was wrapped before', async () => {
    await writeFile(path, JSON.stringify(bare), { mode: 0o600 });
    const all = await Promise.all(Array.from({ length: 5 }, () => open()));
    for (const kms of all) expect(await kms.decrypt(wrappedByBare, context)).toEqual(Buffer.alloc(32, 5));
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ format: 2, current: 1 });
    const signing = await Promise.all(all.map((kms) => kms.signingKey('audit')));
    expect(new Set(signing.map(({ publicKey }) => publicKey.toString('hex'))).size).toBe(1);
  });

  it('opens with the master key of the environment, or of a file that is named, and with no other', async () => {
    const [base64, another] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
    const { plaintext, wrapped } = await (await open('test', { base64 })).generateDataKey(context);
    expect(await readdir(directory)).toEqual(['keyring.json']);
    const file = join(directory, 'named.key');
    await writeFile(file, `${base64}\n`, { mode: 0o600 });
    expect(await (await open('test', { file })).decrypt(wrapped, context)).toEqual(plaintext);
    await expect(open('test', { base64: another })).rejects.toThrow('sealed under another master key');
    await expect(open()).rejects.toThrow('keyring-master.key is missing');
    await expect(open('test', { file: join(directory, 'none') })).rejects.toThrow('none is missing');
    await chmod(file, 0o644);
    await expect(open('test', { file })).rejects.toThrow(SecretFileExposed);
    await chmod(file, 0o600);
    await writeFile(file, 'too short');
    await expect(open('test', { file })).rejects.toThrow('must hold 32 bytes in base64');
  });

  it('is never made anew beside a master key that was lost', async () => {
    await open();
    await rm(masterKeyPath);
    await expect(open()).rejects.toThrow('restore it from a backup');
    expect(await readdir(directory)).toEqual(['keyring.json']);
  });

  it('is given up by a process that was killed while it rotated', async () => {
    const kms = await open();
    await writeFile(`${path}.lock`, '');
    const long = new Date(Date.now() - 60_000);
    await utimes(`${path}.lock`, long, long);
    await kms.rotateMasterKey();
    expect(versionOf((await kms.generateDataKey(context)).wrapped)).toBe(2);
  });

  it('is one for creators that start together in one process', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => open()));
    const { plaintext, wrapped } = await (all[0] as LocalKeyManagement).generateDataKey(context);
    for (const kms of all) expect(await kms.decrypt(wrapped, context)).toEqual(plaintext);
    expect(await readdir(directory)).toEqual(['keyring-master.key', 'keyring.json']);
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
