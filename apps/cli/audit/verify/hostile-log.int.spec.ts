import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { NoteSigner } from '#audit';
import { checkpointPath, formatVerifierKey, formatVkeyFile, keyReceiptPath, vkeyPath } from '#audit';

import { KeyLog } from '../../../../libs/audit/testing/key-log.js';
import { signerOf } from '../../../../libs/audit/testing/keys.js';
import type { Ran } from '../../testing/run-command.js';
import { runCommand } from '../../testing/run-command.js';
import { brokenAsText, unknownAsText } from './as-text.js';
import { verifyCommand } from './index.js';
import { verify } from './run.js';
import { logInFolder } from './sources/log-sources.js';

const origin = 'audit.example.com/billing';
const [first, second] = [signerOf(origin, 1), signerOf(origin, 2)];

let folder: string;
/** What an honest log of 12 leaves has published about its keys: two introductions and a retirement. */
let receipts: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-hostile-'));
  const honest = new KeyLog(origin);
  receipts = [await honest.receipt(honest.change('AuditKeyIntroduced', first), [first])];
  receipts.push(await honest.receipt(honest.change('AuditKeyIntroduced', second), [second, first]));
  honest.fill(9);
  receipts.push(await honest.receipt(honest.change('AuditKeyRetired', first), [second]));
});
afterAll(() => rm(folder, { recursive: true }));

/** The folder of a log that these keys signed, beside receipts of its keys. */
const served = async (name: string, log: KeyLog, signers: NoteSigner[], keys: readonly string[]): Promise<string> => {
  const files = new Map<string, string | Uint8Array>(log.files.files);
  files.set(checkpointPath, await log.checkpoint(signers));
  files.set(vkeyPath, formatVkeyFile(signers.map(({ key }) => key)));
  for (const [at, receipt] of keys.entries()) files.set(keyReceiptPath(at + 1), receipt);
  for (const [path, bytes] of files) {
    const full = join(folder, name, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, bytes);
  }
  return join(folder, name);
};
const looked = (dir: string, ...args: string[]): Promise<Ran> =>
  runCommand(verifyCommand(), ['--quiet', '--dir', dir, '--vkey', formatVerifierKey(first.key), ...args]);
const rewritten = (leaves: number): KeyLog => {
  const log = new KeyLog(origin);
  log.fill(leaves);
  return log;
};

describe('a log beside the genuine receipts of another history', () => {
  it('is forked where it has no key event at their leaves, whoever signed it', async () => {
    const ran = await looked(await served('forked', rewritten(20), [second], receipts), '--json');
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([1, { finding: { kind: 'forked', index: 0 } }]);
  });

  it('is forked where it has the key events and other leaves before the checkpoint of the last receipt', async () => {
    const log = new KeyLog(origin);
    log.change('AuditKeyIntroduced', first);
    log.change('AuditKeyIntroduced', second);
    log.fill(20);
    const ran = await looked(await served('other-leaves', log, [second], receipts), '--json');
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([1, { finding: { kind: 'forked' } }]);
  });

  const short = (): KeyLog => {
    const log = new KeyLog(origin);
    log.change('AuditKeyIntroduced', first);
    log.change('AuditKeyIntroduced', second);
    return log;
  };

  it('is rolled back where it is published and has fewer leaves, and a copy cannot be told', async () => {
    const dir = await served('short', short(), [second], receipts);
    const ran = await looked(dir);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('is older than the receipt keys/003')]);
    const files = logInFolder(dir);
    const published = verify({
      log: { files, source: 'https://log.example.com', isCopy: false, openings: undefined },
      ...{
        receipts: [],
        from: [],
        vkey: [formatVerifierKey(first.key)],
        allEvents: false,
        onProgress: () => undefined,
      },
    });
    await expect(published).rejects.toMatchObject({ finding: { kind: 'rolled_back' } });
  });

  it('is not good without its key events in a copy that is older than the receipts', async () => {
    const ran = await looked(await served('short-forked', rewritten(5), [second], receipts), '--json');
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([1, { finding: { kind: 'forked', index: 0 } }]);
  });
});

describe('a verification', () => {
  it('says that a key may have been retired after the history that was served ends', async () => {
    const log = new KeyLog(origin);
    const one = await log.receipt(log.change('AuditKeyIntroduced', first), [first]);
    const cut = await looked(await served('cut', log, [first], [one]));
    expect([cut.code, cut.out]).toEqual([
      0,
      expect.stringContaining('- keys: the history that was served ends at keys/001'),
    ]);
    const none = await looked(await served('no-history', log, [first], []));
    expect([none.code, none.out]).toEqual([0, expect.stringContaining('- keys: no history of them was served')]);
  });

  it('says that nothing was looked at in a log without leaves', async () => {
    const ran = await looked(await served('empty', new KeyLog(origin), [first], []));
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('- leaves: the log has none yet')]);
  });

  it('neither waits for a pipe nor reads a device without end', async () => {
    const pipe = join(folder, 'pipe');
    await mkdir(pipe);
    execFileSync('mkfifo', [join(pipe, checkpointPath)]);
    const device = join(folder, 'device');
    await mkdir(device);
    await symlink('/dev/zero', join(device, checkpointPath));
    for (const dir of [pipe, device])
      expect(await looked(dir)).toMatchObject({
        code: 2,
        err: expect.stringContaining('not a regular file') as string,
      });
  });

  it('shows what others wrote as it is, so that it makes no line of its own', () => {
    const message = 'leaf 1\n  signed by  you\u001b[2K\u202e';
    const shown = 'leaf 1\\u{a}  signed by  you\\u{1b}[2K\\u{202e}';
    expect(brokenAsText({ kind: 'leaf', message }).split('\n')[0]).toBe(`BROKEN (leaf): ${shown}`);
    expect(unknownAsText(message).split('\n')[0]).toBe(`COULD NOT TELL: ${shown}`);
  });
});
