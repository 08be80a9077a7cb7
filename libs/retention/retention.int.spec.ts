import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseEntry, readBundle, verifyLog } from '#audit';
import { encodeData, readTenantEvents, shardForNewTenant } from '#event-store';
import { PostgresLog } from '#log';
import { abortRebuild, getBalances, rebuildReadModels, RebuildOutdated, verifyReadModels } from '#projections';

import { someMoney } from '../projections/testing/projected.js';
import type { Archived, ArchiveParts, Removal, ShardMonth } from './index.js';
import {
  archivedMonths,
  archiveMonth,
  CopyDiffers,
  eventsIn,
  formatManifest,
  listHolds,
  monthsToArchive,
  NoSuchHold,
  NothingToHold,
  NotSealed,
  parseManifest,
  placeHold,
  releaseHold,
  removeExpired,
  writeDown,
} from './index.js';
import type { OldLog } from '../../test/retention/old-log.js';
import { openOldLog } from '../../test/retention/old-log.js';

const count = 30;

let old: OldLog;
let streams: string[];
let shard: number;
let parts: ArchiveParts;
beforeAll(async () => {
  old = await openOldLog();
  const { writer, tenantId } = old.projected;
  shard = shardForNewTenant(tenantId);
  const money = someMoney(tenantId, count);
  streams = [...new Set(money.map(({ streamId }) => streamId))];
  await writer.write(money);
  await old.projected.project();
  await old.age(8, 40);
  await old.age(8, 0, streams.slice(0, count / 2)); // interleaved with those of the month before
  await writer.write(someMoney(tenantId, 3)); // now
  parts = {
    store: old.archive,
    reader: old.reader,
    log: { files: old.auditLog, identity: old.identity },
    eventsPerFile: 20,
  };
});
afterAll(() => old.close());

const due = async (): Promise<ShardMonth[]> => {
  const months = await monthsToArchive(old.analyst, await archivedMonths(old.operator));
  const found: ShardMonth[] = [];
  for (const month of months) if (await old.reader.extentOf(month)) found.push(month);
  return found;
};
const archiveOne = async (of: ShardMonth, changed: Partial<ArchiveParts> = {}): Promise<Archived> => {
  const extent = await old.reader.extentOf(of);
  if (!extent) throw new Error('there is nothing in that month');
  return archiveMonth({ ...parts, ...changed }, of, extent, () => undefined);
};
const archiveAll = async (): Promise<void> => {
  for (const of of await due()) await writeDown(old.operator, old.archive.name, await archiveOne(of));
};
const remove = (dryRun = false): Promise<Removal> =>
  removeExpired(old.retention, { store: old.archive, identity: old.identity, dryRun });
const pathOf = (path: string): string => join(old.directory, 'archive', path);

describe('archiving', () => {
  it('waits until the audit log has sealed and published what is to be copied', async () => {
    const [month] = await due();
    if (!month) throw new Error('nothing is due');
    await expect(archiveOne(month)).rejects.toThrow('no checkpoint yet');
    await old.seal();
    const later = someMoney(old.projected.tenantId, 1);
    await old.projected.writer.write(later);
    await old.age(8, 0, [later[0]?.streamId ?? '']);
    streams.push(later[0]?.streamId ?? '');
    const [, last] = await due();
    await expect(archiveOne(last ?? month)).rejects.toThrow(NotSealed);
    await rm(join(old.directory, 'archive'), { recursive: true, force: true });
    await old.projected.writer.write(someMoney(old.projected.tenantId, 1)); // now
    await old.seal();
  });

  it('is due of months that are over, each by itself, and not of this one', async () => {
    const months = await due();
    expect(months).toHaveLength(2);
    expect(months.every((each) => each.shard === shard && each.month < new Date().toISOString().slice(0, 7))).toBe(
      true,
    );
  });

  it('takes what an interrupted run has left, where it is the same to the last byte, and stops where it is not', async () => {
    const [month] = await due();
    if (!month) throw new Error('nothing is due');
    const first = await archiveOne(month);
    await rm(pathOf(first.path)); // ended before the manifest was written
    const [one] = first.manifest.files;
    const again = await archiveOne(month);
    expect(again.manifest.files).toEqual(first.manifest.files);
    expect(again.manifest.files.length).toBeGreaterThan(1);
    await rm(pathOf(first.path));
    await writeFile(pathOf(one?.path ?? ''), 'PAR1');
    await expect(archiveOne(month)).rejects.toThrow(/there already with other bytes/);
    await rm(pathOf(one?.path ?? ''));
    await archiveOne(month);
  });

  it('finds every byte of the copy that is not what the database has', async () => {
    const [month] = await due();
    if (!month) throw new Error('nothing is due');
    const { manifest } = await archiveOne(month);
    const path = pathOf(manifest.files[0]?.path ?? '');
    const bytes = await readFile(path);
    for (const at of [4, Math.floor(bytes.length / 2), bytes.length - 10]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(path, changed);
      await expect(archiveOne(month)).rejects.toThrow(/is not the file that was written/);
    }
    await writeFile(path, bytes.subarray(1));
    await expect(archiveOne(month)).rejects.toThrow(CopyDiffers);
    await rm(path);
    await expect(archiveOne(month)).rejects.toThrow(/does not have/);
    await writeFile(path, bytes);
    await archiveOne(month);
  });

  it('finds an event that is no longer what the audit log commits to, whoever changed it', async () => {
    const [month] = await due();
    if (!month) throw new Error('nothing is due');
    const reader = {
      extentOf: old.reader.extentOf.bind(old.reader),
      async *read(...args: Parameters<typeof old.reader.read>) {
        for await (const page of old.reader.read(...args))
          yield page.map((event, at) =>
            at === 3 ? { ...event, data: event.data.replace('"amount":', '"amount":1') } : event,
          );
      },
    } as typeof old.reader;
    const { manifest } = await archiveOne(month);
    for (const { path } of manifest.files) await rm(pathOf(path));
    await rm(pathOf(`events/${month.month}/shard-${String(month.shard).padStart(2, '0')}/manifest.json`));
    await expect(archiveOne(month, { reader })).rejects.toThrow(/is not what leaf \d+ of the audit log commits to/);
    for (const { path } of manifest.files) await rm(pathOf(path), { force: true });
  });

  it('writes files that prove themselves with the published log alone: row, salt and leaf', async () => {
    await archiveAll();
    const months = await archivedMonths(old.operator);
    expect(months).toHaveLength(2);
    const [{ manifest } = { manifest: '' }] = months;
    const { files } = JSON.parse(await readFile(pathOf(manifest), 'utf8')) as { files: { path: string }[] };
    for await (const events of eventsIn(await readFile(pathOf(files[0]?.path ?? '')))) {
      for (const { leafIndex, shard: of, position } of events) {
        const width = Math.min(
          256,
          (
            await old.operator.query<{ n: number }>(
              'select max(first_index)::integer + 1 as n from billing.audit_leaf_run',
            )
          ).rows[0]?.n ?? 0,
        );
        const entry = parseEntry((await readBundle(old.auditLog, 0, width))[leafIndex] ?? Buffer.alloc(0));
        expect([entry.shard, entry.position]).toEqual([of, position]);
      }
    }
  });
});

describe('a legal hold', () => {
  it('is placed on what there is, and released once', async () => {
    const { tenantId } = old.projected;
    const held = await placeHold(old.operator, { tenantId, streamId: streams[0] ?? '', reason: 'CASE-7' });
    expect(await listHolds(old.operator)).toEqual([held]);
    const nowhere = { tenantId, streamId: 'payment-mistyped', reason: 'CASE-7' };
    await expect(placeHold(old.operator, nowhere)).rejects.toThrow(NothingToHold);
    await expect(
      placeHold(old.operator, { ...nowhere, tenantId: crypto.randomUUID(), streamId: null }),
    ).rejects.toThrow(NothingToHold);
    await expect(releaseHold(old.operator, { id: crypto.randomUUID(), reason: 'x' })).rejects.toThrow(NoSuchHold);
  });
});

describe('removing', () => {
  const events = async (): Promise<number> =>
    (await old.projected.database.admin.query('select from billing.event')).rowCount ?? 0;
  let balances: unknown;

  it('says on a dry run what it would remove and why the rest stays, and removes nothing', async () => {
    const before = await events();
    const dry = await remove(true);
    expect(dry.removed).toBeGreaterThan(100);
    expect(dry.kept).toHaveProperty('held');
    expect(await events()).toBe(before);
    expect(await remove(true)).toEqual(dry);
  });

  it('removes nothing while its copy is not what was verified', async () => {
    const [archived] = await archivedMonths(old.operator);
    const path = pathOf(archived?.manifest ?? '');
    const bytes = await readFile(path);
    await writeFile(path, bytes.toString().replace('"events"', '"evenTs"'));
    const before = await events();
    await expect(remove()).rejects.toThrow(CopyDiffers);
    expect(await events()).toBe(before);
    await writeFile(path, bytes);
  });

  it('removes nothing for a manifest that is not of that month, or has not all of it, or is under no checkpoint of the log', async () => {
    const [archived, other] = await archivedMonths(old.operator);
    if (!archived || !other) throw new Error('nothing is archived');
    const path = pathOf(archived.manifest);
    const bytes = await readFile(path);
    const manifest = parseManifest(bytes, archived.manifest);
    const before = await events();
    /** Says of the month that these bytes are its manifest, as an operator could who had not archived it. */
    const claim = async (made: Uint8Array): Promise<void> => {
      await writeFile(path, made);
      await old.projected.database.admin.query(
        `alter table billing.retention_archive disable trigger written_once;
        update billing.retention_archive set manifest_sha256 = '\\x${createHash('sha256').update(made).digest('hex')}'
          where shard = ${archived.shard} and month = '${archived.month}-01';
        alter table billing.retention_archive enable always trigger written_once`,
      );
    };
    const ofOther = parseManifest(await readFile(pathOf(other.manifest)), other.manifest);
    const [, ...allButFirst] = manifest.files;
    const changes: [Partial<typeof manifest>, RegExp][] = [
      [{ files: [] }, /do not have the positions/],
      [{ files: allButFirst }, /do not have the positions/],
      [{ files: ofOther.files }, /events of another month/],
      [{ files: [], positions: [], events: 0 }, /other positions than are written down/],
      [{ month: other.month }, /no manifest of this month/],
      [{ checkpoint: manifest.checkpoint.replace('example.com', 'other.example') }, /is not good/],
      [{ treeSize: manifest.treeSize - 1 }, /of another size/],
    ];
    for (const [change, why] of changes) {
      await claim(formatManifest({ ...manifest, ...change }));
      await expect(remove()).rejects.toThrow(CopyDiffers);
      await expect(remove()).rejects.toThrow(why);
    }
    await claim(bytes);
    expect(await events()).toBe(before);
  });

  it('removes nothing while a rebuild is unfinished, which would find less than it began with', async () => {
    await rebuildReadModels(old.projected.pools, { names: ['balances'], swap: false });
    await expect(remove()).rejects.toThrow(RebuildOutdated);
    await abortRebuild(old.projected.pools.owner, ['balances']);
  });

  it('removes nothing that the read models have not digested', async () => {
    expect((await remove(true)).kept).toEqual({ held: expect.any(Number) as number, unread: 6 });
    await old.projected.project();
    expect((await remove(true)).kept).not.toHaveProperty('unread');
    balances = await getBalances(old.projected.api, old.projected.tenantId);
  });

  it('judges a batch again when a hold is placed before it is removed, and goes on', async () => {
    const { tenantId } = old.projected;
    const streamId = streams[1] ?? '';
    const held: string[] = [];
    const meanwhile = {
      query: old.retention.query.bind(old.retention),
      connect: async () => {
        const client = await old.retention.connect();
        const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
        client.query = (async (...args: unknown[]) => {
          if (String(args[0]).startsWith('delete from billing.event') && held.length === 0)
            held.push((await placeHold(old.operator, { tenantId, streamId, reason: 'CASE-8' })).id);
          return query(...args);
        }) as typeof client.query;
        return client;
      },
    } as unknown as typeof old.retention;
    const dry = await remove(true);
    const { removed, kept } = await removeExpired(meanwhile, {
      ...{ store: old.archive, identity: old.identity, dryRun: false },
    });
    const more = (kept.held ?? 0) - (dry.kept.held ?? 0);
    expect(more).toBeGreaterThan(0);
    expect(removed).toBe(dry.removed - more);
    const { rowCount } = await old.projected.database.admin.query('select from billing.event where stream_id = $1', [
      streamId,
    ]);
    expect(rowCount).toBe(more);
    await releaseHold(old.operator, { id: held[0] ?? '', reason: 'CASE-8' });
  });

  it('removes what it said, and the held stays', async () => {
    const before = await events();
    const dry = await remove(true);
    expect(await remove()).toEqual(dry);
    expect(await events()).toBe(before - dry.removed);
    expect(await remove()).toEqual({ removed: 0, kept: dry.kept });
    const { rows } = await old.projected.database.admin.query<{ stream_id: string }>(
      `select distinct stream_id from billing.event where recorded_at < now() - interval '7 years'`,
    );
    expect(rows.map(({ stream_id }) => stream_id)).toEqual([streams[0]]);
  });

  it('leaves the books as they were: read models are rebuilt and verified over the gaps', async () => {
    expect(await getBalances(old.projected.api, old.projected.tenantId)).toEqual(balances);
    await rebuildReadModels(old.projected.pools);
    expect(await getBalances(old.projected.api, old.projected.tenantId)).toEqual(balances);
    expect(balances).toHaveLength(2);
    for (const { model, differences } of await verifyReadModels(old.projected.pools.projector))
      expect([model, differences]).toEqual([model, []]);
  });

  it('lets a new reader of the log go on over the gaps, and no reader over any other', async () => {
    const { database } = old.projected;
    const seen: number[] = [];
    const warned: string[] = [];
    const log = new PostgresLog(database.pool('billing_projector'), database.url('billing_projector'), {
      warn: (message, { error }) => void warned.push(`${message}: ${String(error)}`),
    });
    const subscription = await log.subscribe({
      consumer: 'projector:new',
      handle: (batch) => {
        seen.push(...batch.map(({ position }) => position));
        return Promise.resolve();
      },
      batchSize: 10,
    });
    await subscription.whenCaughtUp();
    const { rows } = await database.admin.query<{ position: number }>(
      'select position::integer as position from billing.event where shard = $1 order by position',
      [shard],
    );
    expect(seen).toEqual(rows.map(({ position }) => position));
    expect(seen.length).toBeLessThan(seen.at(-1) ?? 0);
    expect(warned).toEqual([]);
    await database.admin.query(
      `with head as (update billing.log_head set position = position + 2 where shard = $1 returning position)
      insert into billing.event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id, causation_id, data, metadata)
      select $1, position, $2, 'payment-after-a-gap', 1, gen_random_uuid(), 'PaymentProcessing', 1, gen_random_uuid(), gen_random_uuid(), $3,
        '{"actor":{"type":"system","subject":"x"}}' from head`,
      [shard, old.projected.tenantId, encodeData({ type: 'PaymentProcessing' })],
    );
    const until = Date.now() + 5_000;
    while (warned.length === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(warned[0]).toContain('where');
    expect(seen).toHaveLength(rows.length);
    await log.close();
  });

  it('leaves the tree of the audit log as it was: every position of every shard is still sealed', async () => {
    const { shards, checkpoint } = await verifyLog(old.auditLog, { trust: { log: old.identity } });
    expect(checkpoint.size).toBeGreaterThan(await events());
    expect(shards.get(shard)).toBe(checkpoint.size);
  });

  it('lets a tenant read on over the gaps', async () => {
    const { tenantId, api } = old.projected;
    let [after, head] = [0, 1];
    const found: string[] = [];
    while (after < head) {
      const page = await readTenantEvents(api, { tenantId, shard, after, limit: 7 });
      found.push(...page.rows.map(({ position }) => position));
      [after, head] = [page.upTo, page.head];
    }
    expect(found).toHaveLength(await events());
  });
});
