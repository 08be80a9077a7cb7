import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { openCheckpoint, requireQuorum } from '#audit';
import { DirectoryStore } from '#object-store';
import { createMetrics } from '#platform/metrics';
import { jest } from '@jest/globals';

import type { TestWitness } from '../../test/witness/index.js';
import { startWitness } from '../../test/witness/index.js';
import { ObjectStoreAnchor } from './anchors/index.js';
import { origin, testSigner } from './testing/anchor-options.js';
import { AuditedLog, longPatienceMs, patienceMs } from './testing/audited-log.js';
import type { OpenedWitnesses } from './witnesses/index.js';
import { openWitnesses, witnessMetrics } from './witnesses/index.js';

jest.setTimeout(longPatienceMs);

const identity = { origin, keys: [testSigner.key] };
const waits = { timeoutMs: 20_000, withinMs: 20_000, graceMs: 50 };

let log: AuditedLog;
let folder: string;
let witness: TestWitness;
const opened: OpenedWitnesses[] = [];
beforeEach(async () => {
  log = await AuditedLog.open();
  folder = await mkdtemp(join(tmpdir(), 'fork-promise-'));
  witness = await startWitness({ directory: join(folder, 'witness'), name: 'w1', logs: [identity] });
  await writeFile(join(folder, 'policy'), `${witness.policyLine}\nquorum w1\n`);
});
afterEach(async () => {
  await log.close();
  for (const each of opened.splice(0)) each.close();
  await witness.stop();
  await rm(folder, { recursive: true });
});

/** As each process opens them for itself. */
const witnesses = async (): Promise<OpenedWitnesses> => {
  const observer = witnessMetrics(createMetrics('spec'));
  const each = await openWitnesses({ policyFile: join(folder, 'policy'), origin, observer, waits });
  opened.push(each);
  return each;
};

const until = async (holds: () => boolean, what: string): Promise<void> => {
  for (const end = Date.now() + patienceMs; !holds(); await sleep(10)) if (Date.now() > end) throw new Error(what);
};

it('two anchors that take the lease from each other never show a witness two trees, and neither stops', async () => {
  const options = { leaseMs: 400, renewMs: 30 };
  const anchors = [
    log.anchor({ ...options, witnesses: await witnesses() }),
    log.anchor({ ...options, witnesses: await witnesses() }),
  ];
  for (let round = 0; round < 10; round += 1) {
    witness.holdUp = () => sleep(round % 2 === 0 ? 60 : 0); // answers come while the lease is somebody else's
    await log.append(10);
    await log.endLease();
    await sleep(40);
  }
  await log.published(await log.events());
  expect(anchors.map(({ standing }) => standing).filter(({ state }) => state === 'stopped')).toEqual([]);
  const states = () => anchors.map(({ standing }) => standing.state);
  await until(() => ['sealing,standby', 'standby,sealing'].includes(states().join()), 'one seals, the other stands by');
  expect(witness.answers.filter((status) => ![200, 409].includes(status))).toEqual([]);
  await log.placed();
  const { checkpoint } = await log.verify([(await witness.latest(origin)) ?? '']);
  expect(requireQuorum(checkpoint.note, { witnesses: [witness.key], quorum: 1 })).toHaveLength(1);
});

it('an anchor whose witness is away publishes nothing, goes on sealing, and publishes once it is back', async () => {
  const anchor = log.anchor({ witnesses: await witnesses() });
  await log.append(5);
  await log.published(10);
  await witness.stop();
  await log.append(5);
  await until(() => anchor.failures > 1, 'it has failed twice');
  expect((await log.checkpoint()).size).toBe(10);
  expect(await log.anchored()).toHaveLength(
    (await log.anchored()).filter((note) => note.includes('\u2014 w1 ')).length,
  );
  await log.append(5);
  const { port } = witness;
  witness = await startWitness({ directory: join(folder, 'witness'), name: 'w1', logs: [identity], port });
  await log.published(30);
  expect(anchor.standing.state).toBe('sealing');
});

it('an anchor on an empty copy of the log, with the true key, is stopped by the witness before it publishes a second tree', async () => {
  await log.append(5);
  await log.sealAll({ witnesses: await witnesses() });
  const before = await witness.latest(origin);
  await log.append(1); // in one step with the others this makes another tree

  const copy = { store: new DirectoryStore(join(folder, 'copy')), path: join(folder, 'copy-anchor') };
  await log.database.admin.query(
    'alter table billing.audit_leaf_run disable trigger all; delete from billing.audit_leaf_run',
  );
  const second = log.anchor({
    around: () => copy.store,
    anchors: [new ObjectStoreAnchor(new DirectoryStore(copy.path))],
    witnesses: await witnesses(),
  });
  await until(() => second.standing.state === 'stopped', 'it stops');
  expect(second.standing).toMatchObject({ state: 'stopped', reason: 'forked' });
  expect(await copy.store.read('checkpoint')).toBeUndefined();
  expect(await witness.latest(origin)).toBe(before);
  expect(openCheckpoint(before ?? '', identity).size).toBe(10);
});
