/** golang.org/x/mod/sumdb (note, tlog), which nobody here wrote, reads our checkpoints and proofs; and we read what it signs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  TileNodes,
  consistencyProof,
  formatCheckpoint,
  formatVerifierKey,
  inclusionProof,
  openCheckpoint,
  parseVerifierKey,
  requireQuorum,
  rootOf,
  signNote,
} from '#audit';
import { ecdsaSigner, signerOf, witnessOf } from '../../libs/audit/testing/keys.js';
import type { Published } from './published.js';
import { publish } from './published.js';
import { BUILD_MS, buildJudge, goIsAbsent, goIsHere } from './sumdb.js';

const installed = await goIsHere();
const skipped = !installed && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${goIsAbsent}\n`);

/** The example of golang.org/x/mod/sumdb/note, its public key and its key as a witness. */
const peter = {
  skey: 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  witness: 'PeterNeumann+18b9780b+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
};
const origin = 'audit.example.com/billing';
const signer = signerOf(origin, 1);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

(skipped ? describe.skip : describe)('golang.org/x/mod/sumdb', () => {
  let folder: string;
  let log: Published;
  let judge: Awaited<ReturnType<typeof buildJudge>>;
  beforeAll(async () => {
    if (!installed) throw new Error(goIsAbsent);
    folder = await mkdtemp(join(tmpdir(), 'audit-judge-'));
    judge = await buildJudge(folder);
    log = await publish(3_000, signer);
  }, BUILD_MS);
  afterAll(async () => {
    await log?.remove();
    if (folder) await rm(folder, { recursive: true });
  });

  const inclusions = async () => {
    const all: object[] = [];
    for (const { size, root } of log.heads) {
      const nodes = new TileNodes(log.files, size);
      for (let at = 0; at < 8 && size > 0; at += 1) {
        const index = Math.floor(((size - 1) * at) / 7);
        const proof = (await inclusionProof(nodes, index, size)).map(base64);
        all.push({ size, index, root: base64(root), leaf: base64(await nodes.node(0, index)), proof });
      }
    }
    return all;
  };
  const consistencies = async () => {
    const all: object[] = [];
    for (const newer of log.heads.slice(1)) {
      const nodes = new TileNodes(log.files, newer.size);
      for (const older of log.heads.slice(1).filter(({ size }) => size <= newer.size)) {
        const proof = (await consistencyProof(nodes, older.size, newer.size)).map(base64);
        expect(await rootOf(nodes, older.size)).toEqual(older.root);
        const [olderRoot, newerRoot] = [base64(older.root), base64(newer.root)];
        all.push({ older: older.size, newer: newer.size, olderRoot, newerRoot, proof });
      }
    }
    return all;
  };

  it('accepts our checkpoints, signed Ed25519 and ECDSA P-256 and cosigned by witnesses', async () => {
    const ecdsa = ecdsaSigner(origin);
    const witness = witnessOf('w1.example.com');
    const text = formatCheckpoint({
      origin,
      size: 0,
      root: await rootOf(new TileNodes(log.files, 0), 0),
      extensions: [],
    });
    const empty = await signNote(text, [signer, ecdsa]);
    const vkeys = [signer.key, ecdsa.key].map(formatVerifierKey);
    const said = await judge({
      notes: [
        { note: log.checkpoint, vkeys: vkeys.slice(0, 1) },
        { note: empty, vkeys },
        { note: witness.cosign(empty, 1_800_000_000n), vkeys: [...vkeys, formatVerifierKey(witness.key)] },
      ],
    });
    expect(said).toMatchObject({ notes: 3 });
    const stranger = [formatVerifierKey(signerOf(origin, 2).key)];
    await expect(judge({ notes: [{ note: log.checkpoint, vkeys: stranger }] })).rejects.toThrow(
      'no verifiable signatures',
    );
  });

  it('accepts our inclusion and consistency proofs, between all heads of a log of 3,000 leaves', async () => {
    const [inclusion, consistency] = [await inclusions(), await consistencies()];
    expect(inclusion.length).toBeGreaterThan(50);
    expect(consistency.length).toBeGreaterThan(50);
    const said = await judge({ inclusion, consistency });
    expect(said).toMatchObject({ inclusion: inclusion.length, consistency: consistency.length });
    process.stderr.write(
      `golang.org/x/mod/sumdb accepted ${String(inclusion.length)} inclusion and ${String(consistency.length)} consistency proofs\n`,
    );

    const leaf = base64(Buffer.alloc(32));
    await expect(judge({ inclusion: [{ ...inclusion.at(-1), leaf }] })).rejects.toThrow('inclusion: leaf 2999 of 3000');
    const bent = { ...consistency.at(-2), newerRoot: leaf };
    await expect(judge({ consistency: [bent] })).rejects.toThrow('consistency');
  });

  it('signs and cosigns checkpoints that we accept', async () => {
    const head = log.heads.at(-1);
    if (!head) throw new Error('a head');
    const text = formatCheckpoint({ origin, ...head, extensions: ['an extension'] });
    const { signed } = await judge({ sign: { text, skey: peter.skey } });
    const checkpoint = openCheckpoint(String(signed), { origin, keys: [parseVerifierKey(peter.vkey)] });
    expect(checkpoint).toMatchObject({ size: 3_000, extensions: ['an extension'] });
    const [cosignature] = requireQuorum(checkpoint.note, { witnesses: [parseVerifierKey(peter.witness)], quorum: 1 });
    expect(Math.abs(Number(cosignature?.timestamp) - Date.now() / 1_000)).toBeLessThan(60);
  });
});
