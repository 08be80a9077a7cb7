import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { NoteSigner } from '#audit';
import { LogBroken, checkpointPath, formatVkeyFile, keyReceiptPath, vkeyPath } from '#audit';
import { openObjectStore } from '#object-store';

import { KeyLog } from '../../../../libs/audit/testing/key-log.js';
import { signerOf } from '../../../../libs/audit/testing/keys.js';
import { verify } from '../verify/run.js';
import { exportLog } from './export-log.js';

const origin = 'audit.example.com/billing';
const [first, second, thief] = [signerOf(origin, 1), signerOf(origin, 2), signerOf(origin, 3)];

let folder: string;
let source: string;
/** The checkpoint of the time when the first key signed alone. */
let kept: string;

const write = async (path: string, bytes: Uint8Array | string): Promise<void> => {
  await mkdir(dirname(join(source, path)), { recursive: true });
  await writeFile(join(source, path), bytes);
};
const publish = async (log: KeyLog, signers: readonly NoteSigner[]): Promise<string> => {
  for (const [path, bytes] of log.files.files) await write(path, bytes);
  const note = await log.checkpoint(signers);
  await write(checkpointPath, note);
  await write(vkeyPath, formatVkeyFile(signers.map(({ key }) => key)));
  return note;
};
const exported = (to = 'export') =>
  exportLog({
    source: openObjectStore(source),
    target: openObjectStore(join(folder, to), { published: true }),
    openings: undefined,
    onProgress: () => undefined,
  });
const verified = (from: string[]) =>
  verify({
    log: { files: openObjectStore(source), source, isCopy: false, openings: undefined },
    ...{ receipts: [], from, vkey: [], allEvents: false, onProgress: () => undefined },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-retired-'));
  source = join(folder, 'log');
  const log = new KeyLog(origin);
  const leaf = log.change('AuditKeyIntroduced', first);
  kept = await publish(log, [first]);
  await write(keyReceiptPath(1), await log.receipt(leaf, [first]));
  await writeFile(join(folder, 'kept'), kept);
  await exported();
  const successor = log.change('AuditKeyIntroduced', second);
  await publish(log, [second, first]);
  await write(keyReceiptPath(2), await log.receipt(successor, [second, first]));
  const retirement = log.change('AuditKeyRetired', first);
  log.fill(3);
  await publish(log, [second]);
  await write(keyReceiptPath(3), await log.receipt(retirement, [second]));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a log whose first key was retired', () => {
  it('is exported into the folder of an export that this key signed', async () => {
    const { verified: found } = await exported();
    expect([found.checkpoint.size, found.extended.map(({ size }) => size)]).toEqual([6, [1]]);
  });

  it('extends a checkpoint that this key signed, also for whoever brings no key', async () => {
    const { log, pinned } = await verified([join(folder, 'kept')]);
    expect([pinned, log?.extended.map(({ size }) => size)]).toEqual([false, [1]]);
  });

  it('is not believed in the name of a key that its file vkey names and its history does not', async () => {
    const forged = new KeyLog(origin);
    forged.fill(6);
    const [note, vkeys] = [await forged.checkpoint([thief]), formatVkeyFile([thief.key])];
    await write(checkpointPath, note);
    await write(vkeyPath, vkeys);
    await expect(verified([])).rejects.toThrow(LogBroken);
  });

  it('is not exported once it was written anew beside the receipts of its keys', async () => {
    const forged = new KeyLog(origin);
    forged.fill(7);
    await publish(forged, [second]);
    await expect(exported('fresh')).rejects.toMatchObject({ finding: { kind: 'forked', index: 0 } });
  });
});
