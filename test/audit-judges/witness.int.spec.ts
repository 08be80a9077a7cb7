/** A witness whose notes, proofs and cosignatures are the work of golang.org/x/mod/sumdb and transparency-dev/formats cosigns our checkpoints. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { formatVerifierKey, openCheckpoint, parseVerifierKey, requireQuorum } from '#audit';
import { createMetrics } from '#platform/metrics';
import { WitnessedFork, openWitnesses, witnessMetrics } from '../../apps/merkle-anchor/witnesses/index.js';
import { GrowingLog, identity, origin, signer } from '../../apps/merkle-anchor/witnesses/testing/growing-log.js';
import { BUILD_MS, buildJudge, goIsAbsent, goIsHere } from './sumdb.js';

const installed = await goIsHere();
const skipped = !installed && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${goIsAbsent}\n`);

/** The example of golang.org/x/mod/sumdb/note, as a witness. */
const skey = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const vkey = 'PeterNeumann+18b9780b+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';

(skipped ? describe.skip : describe)('a witness of golang.org/x/mod/sumdb and transparency-dev/formats', () => {
  let folder: string;
  let witness: ChildProcess;
  let policyFile: string;
  const open = () => openWitnesses({ policyFile, origin, observer: witnessMetrics(createMetrics('spec')) });

  beforeAll(async () => {
    if (!installed) throw new Error(goIsAbsent);
    folder = await mkdtemp(join(tmpdir(), 'audit-judge-witness-'));
    await buildJudge(folder);
    const key = formatVerifierKey(signer.key);
    witness = spawn(join(folder, 'judge'), ['witness', origin, key, skey], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (!witness.stdout) throw new Error('an output');
    const [url] = (await once(createInterface(witness.stdout), 'line')) as [string];
    policyFile = join(folder, 'policy');
    await writeFile(policyFile, `witness peter ${vkey} ${url}\nquorum peter\n`);
  }, BUILD_MS);
  afterAll(async () => {
    witness?.kill();
    if (folder) await rm(folder, { recursive: true });
  });

  it('cosigns our checkpoints as they grow, also after we forgot where it was, and no fork of them', async () => {
    const log = new GrowingLog();
    let witnesses = await open();
    for (const by of [1, 1, 254, 1, 3_000]) {
      const checkpoint = openCheckpoint(await log.grow(by).cosignedBy(witnesses), identity);
      expect(requireQuorum(checkpoint.note, { witnesses: [parseVerifierKey(vkey)], quorum: 1 })).toHaveLength(1);
      if (by > 1) witnesses = await open();
    }
    for (const size of [3_257, 4_000, 12]) {
      await expect(new GrowingLog(1).grow(size).cosignedBy(await open())).rejects.toThrow(WitnessedFork);
    }
    expect(await log.grow(9).cosignedBy(witnesses)).toContain('\u2014 PeterNeumann ');
  });
});
