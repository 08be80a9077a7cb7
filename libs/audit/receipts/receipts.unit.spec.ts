import type { Opening } from '../entries/index.js';
import { entryOf, saltOf } from '../entries/index.js';
import { Malformed, ProofRefused, QuorumMissing, SignatureRefused } from '../errors.js';
import { inclusionProof } from '../merkle/index.js';
import { publishLog } from '../testing/sample-log.js';
import { signerOf, witnessOf } from '../testing/keys.js';
import { TileNodes } from '../tiles/index.js';
import { formatReceipt, formatTlogProof, parseTlogProof, verifyReceipt } from './index.js';

const origin = 'audit.example.com/billing';
const signer = signerOf(origin, 1);
const witness = witnessOf('w1.example.com');
const trust = { log: { origin, keys: [signer.key] }, witnesses: { witnesses: [witness.key], quorum: 1 } };

const openings = Array.from({ length: 300 }, (_, at): Opening => {
  const eventId = `00000000-0000-5000-8000-${String(at).padStart(12, '0')}`;
  const event = Buffer.from(JSON.stringify({ type: 'PaymentCaptured', amount: at }));
  return { shard: 2, position: at + 1, salt: saltOf(Buffer.alloc(32, 3), eventId), event };
});

/** The receipt of leaf `index`, and what it is made of. */
const receiptOf = async (index: number) => {
  const { files, log, checkpoint } = await publishLog(openings.map(entryOf), signer);
  const proof = await inclusionProof(new TileNodes(files, log.head().size), index, log.head().size);
  const opening = openings[index] as Opening;
  return { index, proof, checkpoint: witness.cosign(checkpoint, 1_800_000_000n), opening };
};

describe('a receipt', () => {
  it('shows offline, with nothing but keys, that this event is in the log', async () => {
    for (const index of [0, 1, 127, 255, 256, 299]) {
      const receipt = formatReceipt(await receiptOf(index));
      const shown = verifyReceipt(receipt, trust);
      expect(shown.index).toBe(index);
      expect(shown.entry).toMatchObject({ shard: 2, position: index + 1 });
      expect(Buffer.from(shown.event).toString()).toBe(`{"type":"PaymentCaptured","amount":${String(index)}}`);
      expect(shown.checkpoint.size).toBe(300);
      expect(shown.cosignatures).toEqual([{ witness: 'w1.example.com', timestamp: 1_800_000_000n }]);
    }
  });

  it('is a file of tlog-proof: header, extra, index, hashes, empty line, checkpoint', async () => {
    const parts = await receiptOf(5);
    const lines = formatReceipt(parts).split('\n');
    expect(lines[0]).toBe('c2sp.org/tlog-proof@v1');
    expect(lines[1]).toMatch(/^extra [A-Za-z0-9+/]+=*$/);
    expect(lines[2]).toBe('index 5');
    expect(lines.slice(3, 12).map((line) => Buffer.from(line, 'base64').length)).toEqual(Array(9).fill(32));
    expect(lines[12]).toBe('');
    expect(lines.slice(13).join('\n')).toBe(parts.checkpoint);
  });

  it('is refused when any of its parts is another', async () => {
    const parts = await receiptOf(5);
    const [first, second, ...rest] = parts.proof as [Uint8Array, Uint8Array, ...Uint8Array[]];
    const { opening } = parts;
    for (const bad of [
      { index: 4 },
      { index: 300 },
      { proof: [second, first, ...rest] },
      { proof: [first, second] },
      { opening: { ...opening, event: Buffer.from('{"type":"PaymentCaptured","amount":500}') } },
      { opening: { ...opening, salt: Buffer.alloc(32) } },
      { opening: { ...opening, position: 7 } },
      { opening: { ...opening, shard: 1 } },
    ]) {
      expect(() => verifyReceipt(formatReceipt({ ...parts, ...bad }), trust)).toThrow(ProofRefused);
    }
  });

  it('is refused with a checkpoint of nobody who is trusted, or that too few witnesses saw', async () => {
    const parts = await receiptOf(5);
    const { checkpoint } = await publishLog(openings.map(entryOf), signer);
    const forged = await publishLog(openings.map(entryOf), signerOf(origin, 9));
    expect(() => verifyReceipt(formatReceipt({ ...parts, checkpoint }), trust)).toThrow(QuorumMissing);
    expect(verifyReceipt(formatReceipt({ ...parts, checkpoint }), { log: trust.log }).cosignatures).toEqual([]);
    const file = formatReceipt({ ...parts, checkpoint: forged.checkpoint });
    expect(() => verifyReceipt(file, trust)).toThrow(SignatureRefused);
  });

  it('needs the event that it is about', async () => {
    const { index, proof, checkpoint } = await receiptOf(5);
    expect(() => verifyReceipt(formatTlogProof({ index, proof, checkpoint }), trust)).toThrow(Malformed);
    const extra = Buffer.from('{}');
    expect(() => verifyReceipt(formatTlogProof({ index, proof, checkpoint, extra }), trust)).toThrow(Malformed);
  });
});

describe('a tlog-proof', () => {
  it('says what was put into it, without extra data and without hashes too', async () => {
    const { index, proof, checkpoint } = await receiptOf(5);
    expect(parseTlogProof(formatTlogProof({ index, proof, checkpoint }))).toEqual({ index, proof, checkpoint });
    expect(parseTlogProof(formatTlogProof({ index: 0, proof: [], checkpoint }))).toEqual({
      index: 0,
      proof: [],
      checkpoint,
    });
    const extra = Buffer.alloc(0);
    expect(parseTlogProof(formatTlogProof({ index, proof, checkpoint, extra })).extra).toEqual(extra);
  });

  it('in any other form is refused', async () => {
    const good = formatReceipt(await receiptOf(5));
    for (const bad of [
      '',
      '\n\n',
      good.replace('@v1', '@v2'),
      good.replace('extra ', 'extra  '),
      good.replace('extra ', 'Extra '),
      good.replace(/extra [^\n]*\n/, '$&$&'),
      good.replace('index 5', 'index 05'),
      good.replace('index 5', 'index -5'),
      good.replace('index 5', 'index'),
      good.replace('index 5\n', ''),
      good.replace('index 5\n', 'index 5\nAAAA\n'),
      good.replace('index 5\n', `index 5\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(65)}`),
      good.replace('\n\n', '\n'),
      good.replace('\n\n', '\n\n\n'),
      good.replaceAll('\n', '\r\n'),
      good.trimEnd(),
      `${good}\n`,
    ]) {
      expect(() => verifyReceipt(bad, trust)).toThrow(Malformed);
    }
  });
});
