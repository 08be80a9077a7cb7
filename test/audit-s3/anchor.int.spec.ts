import { setTimeout as sleep } from 'node:timers/promises';

import type { NoteSigner } from '#audit';
import { openCheckpoint, verifyLog } from '#audit';
import { boundedLog } from '#audit-log';
import { openKeyManagement } from '#keys';
import type { ObjectStore } from '#object-store';
import { S3Store } from '#object-store';
import { jest } from '@jest/globals';

import { ObjectStoreAnchor } from '../../apps/merkle-anchor/anchors/index.js';
import { kmsSigner } from '../../apps/merkle-anchor/signers/index.js';
import { AuditedLog, longPatienceMs, origin, patienceMs } from '../../apps/merkle-anchor/testing/audited-log.js';
import { Mortality, mortalPool, mortalStore } from '../../apps/merkle-anchor/testing/mortality.js';
import type { Emulator } from '../kms/emulators.js';
import { describeWith, startEmulator } from '../kms/emulators.js';
import { makeKeys } from '../kms/keys.js';
import { openBuckets } from '../object-store/buckets.js';

jest.setTimeout(longPatienceMs);

/** The writes that are the last of a process, one process after the other. */
const lastWrites = [1, 2, 3, 4, 5, 6, 7];
const immortal = Number.POSITIVE_INFINITY;

const withBoth = [await describeWith('moto-s3'), await describeWith('ministack')].find((each) => each !== describe);

(withBoth ?? describe)('an anchor whose log and anchor are buckets of S3, and whose key is KMS’s', () => {
  let emulators: Emulator[] = [];
  let log: AuditedLog;
  let signer: NoteSigner;
  let files: ObjectStore;
  let kept: ObjectStore;

  beforeAll(async () => {
    emulators = await Promise.all([startEmulator('moto-s3'), startEmulator('ministack')]);
    const [s3, kms] = emulators as [Emulator, Emulator];
    const keys = await makeKeys(kms.endpoint);
    const signingKeyIds = new Map([['audit', await keys.make('ECC_NIST_EDWARDS25519', 'SIGN_VERIFY')]]);
    signer = await kmsSigner(await openKeyManagement(keys.settings({ signingKeyIds }), 'test'), 'audit', origin);
    const buckets = openBuckets(s3.endpoint);
    await buckets.make('audit-log');
    await buckets.make('audit-anchor', { lock: true });
    files = boundedLog(new S3Store({ bucket: 'audit-log', prefix: 'billing/', endpoint: s3.endpoint }));
    kept = new S3Store({ bucket: 'audit-anchor', prefix: '', endpoint: s3.endpoint, retention: { years: 7 } });
    log = await AuditedLog.open();
  });
  afterAll(async () => {
    await log.close();
    for (const emulator of emulators) await emulator.close();
  });

  const sealed = async (): Promise<void> => {
    const events = await log.events();
    for (const until = Date.now() + patienceMs; ; await sleep(20)) {
      const note = await files.read('checkpoint');
      const { rows } = await log.database.admin.query<{ leaves: number }>(
        'select coalesce(sum(count), 0)::integer as leaves from billing.audit_leaf_run',
      );
      const size = note ? openCheckpoint(note, { origin, keys: [signer.key] }).size : 0;
      if (size === events && rows[0]?.leaves === events) return;
      if (Date.now() > until) throw new Error(`${size} of ${events} events are published`);
    }
  };

  /** Runs a process that dies at a write, or publishes all there is. Gives whether it died. */
  const runUntil = async (life: Mortality): Promise<boolean> => {
    const anchor = log.anchor({
      pool: mortalPool(log.database.pool('billing_merkle_anchor', { max: 4 }), life),
      around: () => mortalStore(files, life),
      anchors: [new ObjectStoreAnchor(mortalStore(kept, life))],
      signers: { current: () => Promise.resolve([signer]) },
    });
    const whole = sealed();
    whole.catch(() => undefined);
    await Promise.race([life.death, whole]);
    const { isDead } = life;
    life.kill();
    await log.stop(anchor);
    await log.endLease();
    return isDead;
  };

  it('leaves, killed at its writes, a log that goes on and that our verifier finds whole, as every checkpoint that was kept says', async () => {
    let died = 0;
    for (const [round, at] of lastWrites.entries()) {
      await log.append(1);
      died += (await runUntil(new Mortality(at, round % 2 === 0 ? 'before' : 'after'))) ? 1 : 0;
    }
    expect(died).toBeGreaterThan(lastWrites.length / 2); // a run may have fewer writes than that
    await log.append(1);
    expect(await runUntil(new Mortality(immortal, 'before'))).toBe(false);

    const paths = await kept.list('checkpoints/', { limit: 1_000 });
    const from = await Promise.all(paths.map(async (path) => Buffer.from((await kept.read(path)) ?? []).toString()));
    expect(from.length).toBeGreaterThan(1);
    const trust = { log: { origin, keys: [signer.key] } };
    const { shards, checkpoint } = await verifyLog(files, { trust, from });
    expect(checkpoint.size).toBe(await log.events());
    expect([...shards.values()].reduce((sum, last) => sum + last, 0)).toBe(checkpoint.size);
  });
});
