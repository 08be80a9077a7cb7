import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { NoteSigner, Opening } from '#audit';
import {
  TileNodes,
  TiledLog,
  entryOf,
  formatEntry,
  formatReceipt,
  formatVerifierKey,
  inclusionProof,
  keyHistoryStream,
  keyReceiptPath,
  platformTenant,
} from '#audit';
import { eventBytes } from '#audit-log';

import { signerOf, witnessOf } from '../../../../libs/audit/testing/keys.js';
import { MemoryLogFiles } from '../../../../libs/audit/testing/memory-log-files.js';
import { signHead } from '../../../../libs/audit/testing/sample-log.js';
import type { Ran } from '../../testing/run-command.js';
import { runCommand } from '../../testing/run-command.js';
import { openingLine } from './sources/openings.js';
import { verifyCommand } from './index.js';

const origin = 'audit.example.com/billing';
const [first, second] = [signerOf(origin, 1), signerOf(origin, 2)];
const id = (at: number): string => `11111111-1111-4111-8111-${String(at).padStart(12, '0')}`;

/** The opening of the event at this position of shard 0. */
const opened = (position: number, type: string, data: object): Opening => ({
  shard: 0,
  position,
  salt: Buffer.alloc(32, position),
  event: eventBytes({
    ...{ shard: 0, position, version: position, type, schemaVersion: 1, data: JSON.stringify(data), metadata: {} },
    ...{ eventId: id(position), correlationId: id(0), causationId: id(0), recordedAt: '2026-11-21T03:28:00.123456Z' },
    ...{ tenantId: platformTenant, streamId: keyHistoryStream(origin) },
  }),
});
const introduced = (position: number, { key }: NoteSigner): Opening =>
  opened(position, 'AuditKeyIntroduced', { vkey: formatVerifierKey(key) });

let folder: string;
/** A log of three events: two keys are introduced, the second signs its checkpoint alone; and a receipt of the third event. */
let log: string;
let at = 0;

const file = async (path: string, text: string | Uint8Array): Promise<string> => {
  const full = join(folder, path);
  await mkdir(dirname(full), { recursive: true });
  await writeFile(full, text);
  return full;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-verify-'));
  log = join(folder, 'log');
  const openings = [introduced(1, first), introduced(2, second), opened(3, 'PaymentCaptured', { amount: 1 })];
  const files = new MemoryLogFiles();
  const tree = new TiledLog();
  const receiptOf = async (index: number, ...signers: NoteSigner[]): Promise<string> => {
    const { size } = tree.head();
    const proof = await inclusionProof(new TileNodes(files, size), index, size);
    const checkpoint = await signHead(tree, origin, signers);
    return formatReceipt({ index, proof, checkpoint, opening: openings[index] as Opening });
  };
  for (const [index, opening] of openings.entries()) {
    files.write(tree.append([formatEntry(entryOf(opening))]));
    if (index < 2)
      await file(
        `log/${keyReceiptPath(index + 1)}`,
        await receiptOf(index, ...(index === 0 ? [first] : [second, first])),
      );
  }
  for (const [path, bytes] of files.files) await file(`log/${path}`, bytes);
  await file('log/checkpoint', await signHead(tree, origin, [second]));
  await file('log/vkey', `${[second, first].map(({ key }) => formatVerifierKey(key)).join('\n')}\n`);
  const receipt = await receiptOf(2, second);
  await file('alone/r.tlog-proof', receipt);
  await file('with-key/r.tlog-proof', receipt);
  await file('with-key/vkey', formatVerifierKey(second.key));
  const lines = openings.slice(1).map((opening, each) => `${openingLine({ index: each + 1, opening })}\n`);
  await file('some/000.ndjson', lines.join(''));
});
afterAll(() => rm(folder, { recursive: true }));

const verify = (...args: string[]): Promise<Ran> => runCommand(verifyCommand(), ['--quiet', ...args]);
const vkeyFile = (signer: NoteSigner) => file(`vkey-${String((at += 1))}`, `${formatVerifierKey(signer.key)}\n`);

describe('billing audit verify', () => {
  it('follows the history of keys from the one that was pinned to the one that signs', async () => {
    const ran = await verify('--dir', log, '--vkey', await vkeyFile(first), '--json');
    expect([ran.code, ran.err]).toEqual([0, '']);
    const [one, two] = [first, second].map(({ key }) => formatVerifierKey(key));
    expect(JSON.parse(ran.out)).toMatchObject({ pinned: true, keys: [two, one], log: { signedBy: [two] } });
  });

  it('believes no key that no history leads to', async () => {
    const ran = await verify('--dir', log, '--vkey', await vkeyFile(signerOf(origin, 3)));
    expect([ran.code, ran.out]).toEqual([1, expect.stringContaining('BROKEN (key_history)')]);
  });

  it('tells a person what was checked, who signed, and what was not checked', async () => {
    const ran = await verify('--dir', log);
    expect(ran.code).toBe(0);
    for (const part of [
      `The log ${origin} is good (${log}).`,
      '3 leaves; entries, tiles and the signed root agree',
      `${formatVerifierKey(second.key).slice(0, origin.length + 9)} (ed25519), NOT PINNED`,
      '1 shard, positions 1 to n of each without a gap: 0:3',
      'Not checked:',
      '- the key: it is the one that the log (or the folder of the receipt) tells itself',
      '- witnesses: ',
      '- the past: ',
      '- events: leaves are commitments, and no event was held against them',
    ]) {
      expect(ran.out).toContain(part);
    }
  });

  it('counts the leaves whose events were not at hand, and with --all-events finds them', async () => {
    const some = join(folder, 'some');
    const ran = await verify('--dir', log, '--openings', some);
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('2 leaves are what their events say')]);
    expect(ran.out).toContain('1 event, which was not at hand (the first: leaf 0, position 1 of shard 0)');
    const all = await verify('--dir', log, '--openings', some, '--all-events', '--json');
    expect(all.code).toBe(1);
    expect(JSON.parse(all.out)).toMatchObject({
      ok: false,
      finding: { kind: 'event_missing', index: 0, shard: 0, position: 1, path: 'tile/entries/000.p/3' },
    });
  });

  it('verifies a receipt alone; with the key that lies beside it, it says so', async () => {
    const pinned = await verify('--receipt', join(folder, 'alone/r.tlog-proof'), '--vkey', await vkeyFile(second));
    expect([pinned.code, pinned.err]).toEqual([0, '']);
    expect(pinned.out).toContain('is good: this event is in the log');
    expect(pinned.out).toContain(`PaymentCaptured ${id(3)}, recorded 2026-11-21T03:28:00.123456Z`);
    expect(pinned.out).toContain('position 3 of shard 0; leaf 2 of 3');
    expect(pinned.out).not.toContain('NOT PINNED');
    const own = await verify('--receipt', join(folder, 'with-key/r.tlog-proof'));
    expect([own.code, own.out]).toEqual([0, expect.stringContaining('NOT PINNED')]);
    const none = await verify('--receipt', join(folder, 'alone/r.tlog-proof'));
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('give the key of the log in --vkey')]);
  });

  it('wants the witnesses of a policy, as many as it says', async () => {
    const key = formatVerifierKey(witnessOf('w1.example.com').key);
    const policy = await file('policy', `witness w1 ${key}\nquorum w1\n`);
    const ran = await verify('--dir', log, '--witnesses', policy);
    expect([ran.code, ran.out]).toEqual([1, expect.stringContaining('BROKEN (witnesses)')]);
    const none = await file('policy-none', `witness w1 ${key}\nquorum none\n`);
    expect(await verify('--dir', log, '--witnesses', none)).toMatchObject({ code: 0 });
  });

  it('tells nothing of a log that it cannot read', async () => {
    await mkdir(join(folder, 'odd/checkpoint'), { recursive: true });
    const ran = await verify('--dir', join(folder, 'odd'), '--vkey', await vkeyFile(first), '--json');
    expect(ran.code).toBe(2);
    expect(JSON.parse(ran.out)).toMatchObject({ v: 1, ok: null });
  });

  it.each([
    [[], 'name a log (--dir or --url) or a receipt'],
    [['--dir', '/nowhere'], 'there is no folder /nowhere'],
    [['--dir', '.', '--url', 'https://example.com'], 'name one log'],
    [['--url', 'http://billing.example.com'], 'must be https'],
    [['--url', 'https://a:b@billing.example.com'], 'a token is read from --token-file'],
    [['--url', 'nonsense'], 'must be the address of a log'],
    [['--url', 'https://example.com', '--all-events'], '--all-events needs --openings or --token-file'],
    [['--dir', '.', '--token-file', 'x'], 'go with --url'],
    [['--dir', '.', '--vkey', '/nowhere'], 'the file of --vkey cannot be read'],
    [['--dir', '.', '--vkey', `${origin}+00000000+AAAA`], '--vkey: malformed vkey'],
    [['--dir', '.', '--witnesses', '/nowhere'], 'the policy of --witnesses cannot be read'],
    [['--receipt', '/nowhere', '--from', 'x'], '--from needs the log'],
    [['--receipt', '/nowhere', '--vkey', formatVerifierKey(first.key)], 'there is no receipt /nowhere'],
    [['--nonsense'], 'unknown option'],
  ])('called with %j says what to write, and ends with 64', async (args, what) => {
    expect(await verify(...args)).toMatchObject({ code: 64, out: '', err: expect.stringContaining(what) as string });
  });
});
