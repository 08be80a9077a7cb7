import { setTimeout as sleep } from 'node:timers/promises';

import { jest } from '@jest/globals';

import { AuditedLog, longPatienceMs } from './testing/audited-log.js';

jest.setTimeout(longPatienceMs);

let log: AuditedLog;
beforeAll(async () => {
  log = await AuditedLog.open();
});
afterAll(() => log.close());

/** The records of what was decided, a step each. */
const stepsOf = (of: AuditedLog): Promise<string[]> => of.store().list('interleaving/', { limit: 1_000 });

describe('the anchor', () => {
  it('signs the empty log at its first start, and then what is appended, each shard in its order', async () => {
    const anchor = log.anchor();
    await log.published(0);
    expect(await log.checkpoint()).toMatchObject({ size: 0 });
    await log.append(3);
    await log.published(6);
    await log.append(2);
    await log.published(10);
    await log.stop(anchor);
    const { shards, extended } = await log.verify();
    expect([...shards].sort()).toEqual([
      [3, 5],
      [7, 5],
    ]);
    expect(extended.map(({ size }) => size)).toContain(0);
  });

  it('goes on after a restart where it ended, with the same tree', async () => {
    await log.append(300);
    await log.sealAll();
    const { checkpoint } = await log.verify();
    expect(checkpoint.size).toBe(610);
    const anchor = log.anchor();
    await log.append(1);
    await log.published(612);
    await log.stop(anchor);
    await log.verify();
  });

  it('signs no checkpoint sooner after the last one than it is told', async () => {
    const anchor = log.anchor({ checkpointMs: 400 });
    const before = (await log.anchored()).length;
    const begun = performance.now();
    while (performance.now() - begun < 900) {
      await log.append(1);
      await sleep(20);
    }
    await log.published(await log.events());
    const signed = (await log.anchored()).length - before;
    expect(signed).toBeLessThanOrEqual(1 + (performance.now() - begun) / 400);
    await log.stop(anchor);
    await log.verify();
  });

  it('puts its checkpoint back where a writer of before, that woke up late, has put an older one', async () => {
    const anchor = log.anchor({ healMs: 0 });
    await log.append(1);
    await log.published(await log.events());
    const { size } = await log.checkpoint();
    const older = (await log.store().read('checkpoint')) ?? new Uint8Array();
    await log.append(1);
    await log.published(size + 2);
    await log.placed(); // nothing is left to do for it
    await log.store().replace('checkpoint', older);
    expect(await log.checkpoint()).toMatchObject({ size });
    await log.published(size + 2); // without anything new to seal
    await log.stop(anchor);
    expect((await log.verify()).checkpoint.size).toBe(size + 2);
  });

  it('seals a backlog in several steps under one signature, also when it is cut short before that', async () => {
    await log.append(1_100);
    const steps = (await stepsOf(log)).length;
    const signed = (await log.anchored()).length;
    const unsigned = log.anchor({ witnesses: { cosign: () => Promise.reject(new Error('away')) } });
    while (unsigned.failures < 1) await sleep(5);
    expect(String(unsigned.lastFailure)).toContain('away'); // and not that it came to nothing before that
    expect(unsigned.standing).toMatchObject({ state: 'sealing', size: await log.events() });
    await log.stop(unsigned);
    expect((await stepsOf(log)).length - steps).toBe(2); // 512 of each shard, and then the rest
    expect(await log.anchored()).toHaveLength(signed);
    await log.sealAll();
    expect(await stepsOf(log)).toHaveLength(steps + 2);
    expect(await log.anchored()).toHaveLength(signed + 1);
    expect((await log.verify()).checkpoint.size).toBe(await log.events());
  });
});
