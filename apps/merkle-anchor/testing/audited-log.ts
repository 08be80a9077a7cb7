import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { SignedCheckpoint, TreeHead, VerifiedLog } from '#audit';
import { openCheckpoint, verifyLog } from '#audit';
import { appendOver } from '#event-store';
import type { ObjectStore } from '#object-store';
import { DirectoryStore } from '#object-store';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { MerkleAnchorOptions } from '../anchor.js';
import { MerkleAnchor } from '../anchor.js';
import { anchorOptions, anchorPathIn, origin, storePathIn, testSigner } from './anchor-options.js';

export { origin, testSigner };

/** Waits end when what they wait for is there; a machine that is busy with other work is given this long. */
export const patienceMs = 60_000;
/** For a whole test, or a hook. */
export const longPatienceMs = 3 * patienceMs;

export interface AnchorChanges extends Partial<MerkleAnchorOptions> {
  /** What stands between the anchor and the store of the log. */
  around?: (store: ObjectStore) => ObjectStore;
}

/** A database, a store and an anchor directory, and anchors that seal the one into the others. */
export class AuditedLog {
  readonly #running = new Set<MerkleAnchor>();

  private constructor(
    readonly database: TestDatabase,
    readonly directory: string,
    readonly tenants: readonly string[],
  ) {}

  /** With tenants in each of `shards`. */
  static async open(shards: readonly number[] = [3, 7]): Promise<AuditedLog> {
    const database = await createTestDatabase();
    const directory = await mkdtemp(join(tmpdir(), 'billing-audit-'));
    const tenants: string[] = [];
    for (const shard of shards) tenants.push(await database.addTenant({ shard }));
    return new AuditedLog(database, directory, tenants);
  }

  get storePath(): string {
    return storePathIn(this.directory);
  }

  get anchorPath(): string {
    return anchorPathIn(this.directory);
  }

  store(): DirectoryStore {
    return new DirectoryStore(this.storePath);
  }

  /** Appends `count` events of each tenant in one batch for each, and gives how many there are then in all. */
  async append(count: number): Promise<void> {
    const append = appendOver(this.database.pool('billing_api', { max: 1 }));
    for (const tenantId of this.tenants) {
      const { rows } = await this.database.admin.query<{ shard: number }>(
        'select shard from billing.tenant where id = $1',
        [tenantId],
      );
      const commands = Array.from({ length: count }, () => {
        const commandId = randomUUID();
        return {
          ...{ tenantId, commandId, streamId: `payment-${randomUUID()}`, expectedVersion: 0, correlationId: commandId },
          fingerprint: Buffer.from('same'),
          events: [{ type: 'PaymentCreated', note: 'é \u2028 "quoted"' }],
          actor: { type: 'system' as const, subject: 'tester' },
        };
      });
      const results = await append(rows[0]?.shard ?? 0, commands);
      if (results.some(({ status }) => status !== 'ok')) throw new Error('the append failed');
    }
  }

  /** Events in the log. */
  async events(): Promise<number> {
    const { rows } = await this.database.admin.query<{ events: number }>(
      'select sum(position)::integer as events from billing.log_head',
    );
    return rows[0]?.events ?? 0;
  }

  /** A running anchor. */
  anchor({ around = (store) => store, ...changes }: AnchorChanges = {}): MerkleAnchor {
    const pool = this.database.pool('billing_merkle_anchor', { max: 4 });
    const options = anchorOptions(pool, this.database.url('billing_merkle_anchor'), this.directory);
    const anchor = new MerkleAnchor({ ...options, store: around(options.store), ...changes });
    this.#running.add(anchor);
    anchor.start();
    return anchor;
  }

  /** Ends an anchor in good order. */
  async stop(anchor: MerkleAnchor): Promise<void> {
    this.#running.delete(anchor);
    await anchor.close();
  }

  /** Lets an anchor seal and publish everything that is there, and ends it. */
  async sealAll(changes: AnchorChanges = {}): Promise<TreeHead> {
    const anchor = this.anchor(changes);
    await this.published(await this.events());
    await this.placed();
    await this.stop(anchor);
    return this.checkpoint();
  }

  /** Waits until a checkpoint of `size` leaves at least is published. Throws after `timeoutMs`. */
  async published(size: number, timeoutMs = patienceMs): Promise<void> {
    for (const until = Date.now() + timeoutMs; ; await sleep(5)) {
      const note = await this.store().read('checkpoint');
      if (note && openCheckpoint(note, { origin, keys: [testSigner.key] }).size >= size) return;
      if (Date.now() > until) throw new Error(`no checkpoint of ${size} leaves within ${timeoutMs} ms`);
    }
  }

  /** Waits until Postgres knows the place of every published leaf. */
  async placed(timeoutMs = patienceMs): Promise<void> {
    const { size } = await this.checkpoint();
    for (const until = Date.now() + timeoutMs; ; await sleep(5)) {
      const { rows } = await this.database.admin.query<{ leaves: number }>(
        'select coalesce(sum(count), 0)::integer as leaves from billing.audit_leaf_run',
      );
      if ((rows[0]?.leaves ?? 0) >= size) return;
      if (Date.now() > until) throw new Error(`Postgres does not know ${size} leaves within ${timeoutMs} ms`);
    }
  }

  /** What time does to the lease of a dead process. */
  async endLease(): Promise<void> {
    await this.database.admin.query(`update billing.audit_lease set expires_at = '-infinity'`);
  }

  /** The published checkpoint. */
  async checkpoint(): Promise<SignedCheckpoint> {
    const note = (await this.store().read('checkpoint')) ?? '';
    return openCheckpoint(note, { origin, keys: [testSigner.key] });
  }

  /** Every checkpoint that was anchored. */
  async anchored(): Promise<string[]> {
    const store = new DirectoryStore(this.anchorPath);
    const paths = await store.list('checkpoints/', { limit: 100_000 });
    return Promise.all(paths.map(async (path) => Buffer.from((await store.read(path)) ?? []).toString()));
  }

  /**
   * What an outsider would say: the tree is whole, extends each of `from` and everything that was anchored, and has every event once. And
   * what Postgres knows of places is what the log has.
   */
  async verify(from: readonly string[] = []): Promise<VerifiedLog> {
    const runs = new Map<number, string>();
    const { rows } = await this.database.admin.query<{ i: string; s: number; p: string; n: number }>(
      'select first_index as i, shard as s, first_position as p, count as n from billing.audit_leaf_run',
    );
    for (const { i, s, p, n } of rows)
      for (let at = 0; at < n; at += 1) runs.set(Number(i) + at, `${s}:${Number(p) + at}`);
    const verified = await verifyLog(this.store(), {
      trust: { log: { origin, keys: [testSigner.key] } },
      from: [...from, ...(await this.anchored())],
      examine: (leaves) => {
        for (const leaf of leaves) {
          const place = `${leaf.entry.shard}:${leaf.entry.position}`;
          if (runs.get(leaf.index) !== place)
            return Promise.resolve({ leaf, reason: `Postgres has ${runs.get(leaf.index)}` });
        }
        return Promise.resolve(undefined);
      },
    });
    if (runs.size !== verified.checkpoint.size) throw new Error(`Postgres knows ${runs.size} leaves`);
    return verified;
  }

  async close(): Promise<void> {
    for (const anchor of this.#running) await anchor.close();
    await this.database.drop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
