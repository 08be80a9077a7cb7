import { KeyHistoryRefused, Malformed, SignatureRefused } from '../errors.js';
import type { NoteSigner, VerifierKey } from '../notes/index.js';
import { formatVerifierKey, openCheckpoint } from '../notes/index.js';
import { ecdsaSigner, signerOf, witnessOf } from '../testing/keys.js';
import { KeyLog } from '../testing/key-log.js';
import {
  followKeyHistory,
  identityOf,
  keyHistoryStream,
  keyReceiptPath,
  parseKeyReceipt,
  verifyKeyHistory,
} from './index.js';

const origin = 'example.com/log';
const [first, second, third, stranger] = [1, 2, 3, 9].map((seed) => signerOf(origin, seed)) as [
  NoteSigner,
  NoteSigner,
  NoteSigner,
  NoteSigner,
];
const vkeys = (keys: readonly VerifierKey[]) => keys.map(formatVerifierKey);

/** A log of which two keys have followed the first: what an honest one publishes, and its checkpoints on the way. */
const rotated = async () => {
  const log = new KeyLog(origin);
  const receipts: string[] = [];
  const seal = async (leaf: number, signers: NoteSigner[]) => {
    log.fill(3);
    receipts.push(await log.receipt(leaf, signers));
  };
  await seal(log.change('AuditKeyIntroduced', first), [first]);
  const alone = await log.checkpoint([first]);
  await seal(log.change('AuditKeyIntroduced', second), [second, first]);
  const overlap = await log.checkpoint([second, first]);
  const retirement = log.change('AuditKeyRetired', first);
  await seal(retirement, [second]);
  const after = await log.checkpoint([second]);
  await seal(log.change('AuditKeyIntroduced', third), [third, second]);
  return { log, receipts, retirement, alone, overlap, after };
};

describe('the history of the keys of a log', () => {
  it('leads whoever pins the first key to the newest, and keeps every key for old checkpoints', async () => {
    const { receipts } = await rotated();
    expect(vkeys(verifyKeyHistory([first.key], receipts))).toEqual(vkeys([third.key, second.key, first.key]));
    expect(vkeys(verifyKeyHistory([first.key], receipts.slice(0, 2)))).toEqual(vkeys([second.key, first.key]));
    expect(vkeys(verifyKeyHistory([first.key], []))).toEqual(vkeys([first.key]));
  });

  it('leads whoever pins a later key from there on, whatever was before', async () => {
    const { receipts } = await rotated();
    expect(vkeys(verifyKeyHistory([second.key], receipts))).toEqual(vkeys([third.key, second.key]));
    expect(vkeys(verifyKeyHistory([third.key], receipts))).toEqual(vkeys([third.key]));
    expect(vkeys(verifyKeyHistory([second.key], receipts.slice(1)))).toEqual(vkeys([third.key, second.key]));
    expect(vkeys(verifyKeyHistory([first.key, second.key], receipts))).toEqual(
      vkeys([third.key, second.key, first.key]),
    );
  });

  it('is told of keys of either kind', async () => {
    const ecdsa = ecdsaSigner(origin);
    const log = new KeyLog(origin);
    const one = await log.receipt(log.change('AuditKeyIntroduced', first), [first]);
    const two = await log.receipt(log.change('AuditKeyIntroduced', ecdsa), [ecdsa, first]);
    expect(vkeys(verifyKeyHistory([first.key], [one, two]))).toEqual(vkeys([ecdsa.key, first.key]));
  });

  it('names the stream and the receipts for ever as it does', () => {
    expect(keyHistoryStream('localhost/billing-audit')).toBe('audit_key-9992eaf0-2d0c-83d2-861b-70e574e9bf18');
    expect([keyReceiptPath(1), keyReceiptPath(999)]).toEqual(['keys/001', 'keys/999']);
    for (const n of [0, 1_000, 0.5]) expect(() => keyReceiptPath(n)).toThrow(RangeError);
  });

  it('is told by a receipt in words that nobody has verified yet', async () => {
    const { receipts, retirement } = await rotated();
    const { index, version, change, key } = parseKeyReceipt(receipts[2] ?? '', origin);
    expect([index, version, change, formatVerifierKey(key)]).toEqual([retirement, 3, 'retired', ...vkeys([first.key])]);
    expect(() => parseKeyReceipt(receipts[2] ?? '', 'example.com/other')).toThrow(Malformed);
  });
});

describe('a checkpoint', () => {
  it('of any time is believed by whoever has followed the history, each by the keys that signed then', async () => {
    const { log, receipts, alone, overlap, after } = await rotated();
    const identity = identityOf(followKeyHistory([first.key], receipts));
    const newest = await log.checkpoint([third, second]);
    for (const note of [alone, overlap, after, newest]) expect(openCheckpoint(note, identity).origin).toBe(origin);
    // Who has not followed believes what the pinned key signed, and no more.
    expect(openCheckpoint(overlap, { origin, keys: [first.key] }).size).toBe(8);
    expect(() => openCheckpoint(after, { origin, keys: [first.key] })).toThrow(SignatureRefused);
  });

  it('that holds the retirement of a key and is signed by that key alone is refused', async () => {
    const { log, receipts, retirement, overlap } = await rotated();
    const identity = identityOf(followKeyHistory([first.key], receipts));
    expect(openCheckpoint(overlap, identity).size).toBeLessThanOrEqual(retirement);
    await expect(log.checkpoint([first]).then((note) => openCheckpoint(note, identity))).rejects.toThrow('retired');
  });

  it('that is smaller than the leaf that introduced its key is believed of a key that is pinned: it may have been there first', async () => {
    const log = new KeyLog(origin);
    const empty = await log.checkpoint([first]);
    log.fill(9);
    const backlog = await log.checkpoint([first]);
    const receipt = await log.receipt(log.change('AuditKeyIntroduced', first), [first]);
    const identity = identityOf(followKeyHistory([first.key], [receipt]));
    expect([empty, backlog].map((note) => openCheckpoint(note, identity).size)).toEqual([0, 9]);
  });

  it('that does not hold the introduction of the key that signed it alone is refused', async () => {
    const { receipts } = await rotated();
    const identity = identityOf(followKeyHistory([first.key], receipts));
    const forged = new KeyLog(origin);
    forged.fill(2);
    await expect(forged.checkpoint([second]).then((note) => openCheckpoint(note, identity))).rejects.toThrow(
      'not yet there',
    );
  });
});

describe('a history that does not hold is refused', () => {
  const refused = (receipts: readonly (string | Uint8Array)[], words: string | RegExp, pinned = [first.key]) =>
    expect(() => followKeyHistory(pinned, receipts)).toThrow(
      expect.objectContaining({
        name: KeyHistoryRefused.name,
        message: expect.stringMatching(words) as string,
      }) as Error,
    );

  it('where a key was introduced and nobody who was trusted before has signed that: no overlap, no belief', async () => {
    const log = new KeyLog(origin);
    const one = await log.receipt(log.change('AuditKeyIntroduced', first), [first]);
    const leaf = log.change('AuditKeyIntroduced', stranger);
    refused([one, await log.receipt(leaf, [stranger])], /no key that is trusted/);
  });

  it('and a key that has not signed its own introduction is not believed, as long as the history is', async () => {
    const log = new KeyLog(origin);
    const one = await log.receipt(log.change('AuditKeyIntroduced', first), [first]);
    const two = await log.receipt(log.change('AuditKeyIntroduced', stranger), [first]);
    const three = await log.receipt(log.change('AuditKeyRetired', stranger), [first]);
    const four = await log.receipt(log.change('AuditKeyIntroduced', second), [second, first]);
    for (const served of [
      [one, two],
      [one, two, three],
    ])
      expect(vkeys(verifyKeyHistory([first.key], served))).toEqual(vkeys([first.key]));
    expect(vkeys(verifyKeyHistory([first.key], [one, two, three, four]))).toEqual(vkeys([second.key, first.key]));
    const again = await log.receipt(log.change('AuditKeyIntroduced', stranger), [stranger, first]);
    refused([one, two, three, four, again], /a second time/);
  });

  it('where a retired key introduces another', async () => {
    const { log, receipts } = await rotated();
    const leaf = log.change('AuditKeyIntroduced', stranger);
    refused([...receipts, await log.receipt(leaf, [stranger, first])], /receipt 5: no key that is trusted/);
    refused([...receipts, await log.receipt(leaf, [stranger])], /receipt 5/);
    expect(followKeyHistory([first.key], [...receipts, await log.receipt(leaf, [stranger, third])])).toHaveLength(4);
  });

  it('where a key alone says that it is retired, or one that never signed, or twice', async () => {
    const log = new KeyLog(origin);
    const one = await log.receipt(log.change('AuditKeyIntroduced', first), [first]);
    refused([one, await log.receipt(log.change('AuditKeyRetired', first), [first])], /receipt 2: no key/);
    const other = new KeyLog(origin);
    other.change('AuditKeyIntroduced', first);
    refused([one, await other.receipt(other.change('AuditKeyRetired', stranger), [first])], /does not sign/);
    const twice = new KeyLog(origin);
    twice.change('AuditKeyIntroduced', first);
    refused([one, await twice.receipt(twice.change('AuditKeyIntroduced', first), [first])], /a second time/);
  });

  it('where receipts are out of order, repeated, or left out', async () => {
    const { receipts } = await rotated();
    const [one = '', two = '', three = '', four = ''] = receipts;
    for (const wrong of [
      [two, one],
      [one, three, two, four],
      [one, two, two],
      [one, one],
      [one, three],
      [one, two, four],
    ])
      refused(wrong, /does not follow/);
    refused([two, three, four], /none of the receipts introduces/);
  });

  it('where a receipt is of another log, another tenant or another stream, or of no key', async () => {
    const other = new KeyLog('example.com/other');
    const foreignSigner = signerOf('example.com/other', 1);
    refused([await other.receipt(other.change('AuditKeyIntroduced', foreignSigner), [foreignSigner])], /place 1/);
    for (const changes of [
      { tenantId: '11111111-1111-4111-8111-111111111111' },
      { streamId: keyHistoryStream('example.com/other') },
      { streamId: 'payment-1' },
      { type: 'AccessDenied' },
      { type: 'constructor' },
      { version: 0 },
      { v: 2 },
      { data: '[]' },
      { data: '{' },
      { data: '{"vkey":1}' },
      { data: '{"vkey":"x"}' },
      { data: JSON.stringify({ vkey: formatVerifierKey(foreignSigner.key) }) },
      { data: JSON.stringify({ vkey: formatVerifierKey(witnessOf(origin).key) }) },
    ]) {
      const log = new KeyLog(origin);
      refused([await log.receipt(log.change('AuditKeyIntroduced', first, changes), [first])], /place 1: malformed/);
    }
  });

  it('where any byte of a receipt is changed', async () => {
    const { receipts } = await rotated();
    const [one = '', two = ''] = receipts;
    for (let at = 0; at < two.length; at += 7) {
      const bytes = Buffer.from(two);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      let followed: readonly VerifierKey[] = [];
      try {
        followed = verifyKeyHistory([first.key], [one, bytes]);
      } catch (error) {
        expect(error).toBeInstanceOf(KeyHistoryRefused);
      }
      // The signature of the new key itself counts for nothing: that line alone may be another.
      if (followed.length > 0) expect(two.slice(0, at).split('\n').at(-1)).toMatch(/^\u2014/);
    }
  });

  it('where nothing, several logs or a witness is pinned', () => {
    for (const pinned of [[], [first.key, signerOf('example.com/other', 1).key], [witnessOf(origin).key]])
      expect(() => followKeyHistory(pinned, [])).toThrow(RangeError);
  });
});
