import type { LeafRun, LeafRuns } from '#audit-log';
import { setTimeout as pause } from 'node:timers/promises';

import { signerOf } from '../../../libs/audit/testing/keys.js';
import { publishLog, sampleEntries } from '../../../libs/audit/testing/sample-log.js';
import type { PublishedHead } from './published-log.js';
import { PublishedLog } from './published-log.js';
import { SealedEnds } from './sealed-ends.js';

const signer = signerOf('example.com/log', 1);
const leaves = 600;
/** With leaves among the sample entries. */
const shards = 2;
const entries = sampleEntries(leaves);
/** Each leaf a run of its own, as Postgres has the places of the first `known` leaves. */
const lastRuns = (known: number): LeafRun[] =>
  Array.from({ length: shards }).flatMap((_, shard) => {
    const index = entries.slice(0, known).findLastIndex((entry) => entry.shard === shard);
    const entry = entries[index];
    return entry ? [{ shard, index, position: entry.position, count: 1 }] : [];
  });

/** A published log of which Postgres knows `known` leaves, and how often either is looked at. */
const published = async (known: number) => {
  const { files } = await publishLog(entries, signer);
  const asked = { postgres: 0, bundles: 0 };
  const store = {
    read: async (path: string) => {
      if (path.startsWith('tile/entries/')) asked.bundles += 1;
      await pause(1);
      return files.read(path);
    },
  };
  const postgres = { known, isAway: false };
  const runs = {
    lastUpTo: async () => {
      asked.postgres += 1;
      await pause(1);
      if (postgres.isAway) throw new Error('away');
      return lastRuns(postgres.known);
    },
  } as unknown as LeafRuns;
  const log = new PublishedLog(store, signer.key.name, () => Promise.resolve([signer.key]));
  const head = (await log.head()) as PublishedHead;
  return { asked, postgres, head, ends: new SealedEnds(log, runs) };
};

describe('how far the shards are in the published log', () => {
  it('is looked at once for all who ask at once, and for good once Postgres knows all of it', async () => {
    const { ends, head, asked } = await published(leaves);
    const told = await Promise.all(Array.from({ length: 50 }, () => ends.under(head)));
    expect(new Set(told.map((each) => each.leaves))).toEqual(new Set([leaves]));
    await pause(120);
    await ends.under(head);
    expect(asked).toEqual({ postgres: 1, bundles: shards });
  });

  it('is looked at ten times a second at most while Postgres knows less of it, however many wait', async () => {
    const { ends, head, asked, postgres } = await published(500);
    const begun = performance.now();
    let answers = 0;
    while (performance.now() - begun < 350) {
      const told = await Promise.all(Array.from({ length: 20 }, () => ends.under(head)));
      answers += told.length;
      await pause(5);
    }
    const looks = Math.ceil((performance.now() - begun) / 100) + 1;
    expect(answers).toBeGreaterThan(looks);
    expect(asked.postgres).toBeLessThanOrEqual(looks);
    expect(asked.bundles).toBe(shards * asked.postgres);
    postgres.known = leaves;
    await pause(120);
    expect((await ends.under(head)).leaves).toBe(leaves);
  });

  it('is looked at anew after a look that failed', async () => {
    const { ends, head, postgres } = await published(leaves);
    postgres.isAway = true;
    const told = await Promise.allSettled([ends.under(head), ends.under(head)]);
    expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    postgres.isAway = false;
    expect((await ends.under(head)).leaves).toBe(leaves);
  });
});
