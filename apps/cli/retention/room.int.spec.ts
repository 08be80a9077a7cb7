import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SignatureRefused, formatVkeyFile, keyReceiptPath, openCheckpoint, vkeyPath } from '#audit';
import type { LogIdentity } from '#audit';
import { openObjectStore } from '#object-store';

import { KeyLog } from '../../../libs/audit/testing/key-log.js';
import { signerOf } from '../../../libs/audit/testing/keys.js';
import { withArchive } from './room.js';

const origin = 'audit.example.com/billing';
const [first, second] = [signerOf(origin, 1), signerOf(origin, 2)];

let directory: string;
/** The checkpoint in the manifest of a month that was begun while the first key signed, and one that this key signs today. */
let begun: string;
let late: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'billing-room-'));
  const store = openObjectStore(join(directory, 'log'));
  const log = new KeyLog(origin);
  const receipt = async (n: number, leaf: number, signers: Parameters<KeyLog['receipt']>[1]) =>
    store.create(keyReceiptPath(n), Buffer.from(await log.receipt(leaf, signers)));
  await receipt(1, log.change('AuditKeyIntroduced', first), [first]);
  begun = await log.checkpoint([first]);
  await receipt(2, log.change('AuditKeyIntroduced', second), [second, first]);
  await receipt(3, log.change('AuditKeyRetired', first), [second]);
  late = await log.checkpoint([first]);
  await store.replace(vkeyPath, Buffer.from(formatVkeyFile([second.key])));
});
afterAll(() => rm(directory, { recursive: true }));

/** Whose checkpoints archiving believes. No database is asked for that. */
const identity = async (named: string): Promise<LogIdentity | undefined> => {
  let found: LogIdentity | undefined;
  const settings = { BILLING_DATA_DIR: directory, AUDIT_LOG: join(directory, 'log'), AUDIT_ORIGIN: named };
  await withArchive(
    { BILLING_ENV: 'test', DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', ...settings },
    (room) => {
      found = room.identity;
      return Promise.resolve();
    },
  );
  return found;
};

describe('archiving', () => {
  it('finishes a month whose checkpoint a key has signed that was retired since', async () => {
    const known = (await identity(origin)) ?? { origin, keys: [] };
    expect(openCheckpoint(begun, known).size).toBe(1);
    expect(() => openCheckpoint(late, known)).toThrow(SignatureRefused);
  });

  it('reads no file of the audit log that is larger than its kind can be', async () => {
    const vkey = join(directory, 'log', vkeyPath);
    const bytes = await readFile(vkey);
    await writeFile(vkey, Buffer.alloc(1_000_001, 'x'));
    await expect(identity(origin)).rejects.toThrow(/^malformed vkey: .*has more than 1000000 bytes, and is not read/);
    await writeFile(vkey, bytes);
  });

  it('does not take another log for the one that the settings name', async () => {
    await expect(identity('example.com/other')).rejects.toThrow(
      `has the log of ${origin}, not of example.com/other (AUDIT_ORIGIN)`,
    );
  });
});
