import type { NoteSigner } from '#audit';
import {
  TiledLog,
  checkpointPath,
  commitmentTo,
  formatCheckpoint,
  formatEntry,
  formatVerifierKey,
  localSigner,
  signNote,
  vkeyPath,
} from '#audit';
import type { AuditedEvent, LeafRun } from '#audit-log';
import { LeafRuns, eventBytes, readAudited } from '#audit-log';
import { AuditKeyRegister } from '#audit-log/keys';
import { Keys, LocalKeyManagement, PostgresSubjectKeyStore, PostgresTenantKeyStore } from '#keys';
import { DirectoryStore } from '#object-store';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import type { Pool } from 'pg';
import pg from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import type { RunningApi } from './running-api.js';

export const testOrigin = 'localhost/billing-audit';

const opened = new WeakMap<TestDatabase, Promise<SealedLog>>();

/** Seals what was written into the log that the api publishes, with the anchor's role, and no anchor beside it. */
export class SealedLog {
  readonly signer: NoteSigner = localSigner(testOrigin, generateKeyPairSync('ed25519').privateKey);
  readonly store: DirectoryStore;
  readonly #log = new TiledLog();
  readonly #runs: LeafRuns;
  /** The last sealed position of each shard. */
  readonly ends = new Map(Array.from({ length: 16 }, (_, shard) => [shard, 0]));

  private constructor(
    private readonly pool: Pool,
    private readonly keys: Keys,
    folder: string,
  ) {
    this.store = new DirectoryStore(folder);
    this.#runs = new LeafRuns(pool);
  }

  /** The log of this api, the same whenever it is asked for. */
  static of(api: RunningApi): Promise<SealedLog> {
    const log = opened.get(api.database) ?? SealedLog.#open(api);
    opened.set(api.database, log);
    return log;
  }

  static async #open({ database, dataDirectory }: RunningApi): Promise<SealedLog> {
    const pool = database.pool('billing_merkle_anchor', { max: 2 });
    const keys = new Keys({
      app: 'merkle-anchor',
      environment: 'test',
      kms: await LocalKeyManagement.open({ path: join(dataDirectory, 'keyring.json'), environment: 'test' }),
      tenantKeys: new PostgresTenantKeyStore(pool),
      subjectKeys: new PostgresSubjectKeyStore(pool),
    });
    const log = new SealedLog(pool, keys, join(dataDirectory, 'audit', 'log'));
    await introduce(database, log.signer);
    return log;
  }

  /** The key that receipts are verified with. */
  get vkey(): string {
    return formatVerifierKey(this.signer.key);
  }

  /** Seals every event that was written and is not sealed yet, and publishes a checkpoint. Gives the leaves. */
  async seal({ publish = true } = {}): Promise<LeafRun[]> {
    const runs: LeafRun[] = [];
    for (;;) {
      const events = await readAudited(this.pool, this.ends, 500);
      if (events.length === 0) break;
      runs.push(...(await this.#append(events)));
    }
    if (publish) await this.publish();
    await this.#runs.insert(runs);
    return runs;
  }

  /** Signs the head as it is. */
  async publish(): Promise<void> {
    const text = formatCheckpoint({ origin: testOrigin, ...this.#log.head(), extensions: [] });
    await this.store.replace(vkeyPath, Buffer.from(`${this.vkey}\n`));
    await this.store.replace(checkpointPath, Buffer.from(await signNote(text, [this.signer])));
  }

  async #append(events: readonly AuditedEvent[]): Promise<LeafRun[]> {
    const { size } = this.#log.head();
    const entries: Uint8Array[] = [];
    for (const event of events) {
      const salts = await this.keys.auditSalts(event.tenantId);
      const commitment = commitmentTo(salts(event.eventId), eventBytes(event));
      entries.push(formatEntry({ shard: event.shard, position: event.position, commitment }));
      this.ends.set(event.shard, event.position);
    }
    for (const { path, bytes } of this.#log.append(entries)) await this.store.create(path, bytes);
    return runsOf(events, size);
  }
}

/** Has the history of the log's keys begin with this one, as an operator does. */
const introduce = async ({ adminUrl }: TestDatabase, { key }: NoteSigner): Promise<void> => {
  const pool = new pg.Pool({ connectionString: adminUrl, max: 1, options: '-c role=billing_operator' });
  try {
    await new AuditKeyRegister({ pool, origin: testOrigin }).introduce(key, 'audit-1', new Date().toISOString());
  } finally {
    await pool.end();
  }
};

/** Events of one shard that follow each other are one run. */
const runsOf = (events: readonly AuditedEvent[], size: number): LeafRun[] => {
  const runs: LeafRun[] = [];
  events.forEach(({ shard, position }, at) => {
    const last = runs.at(-1);
    if (last?.shard === shard) last.count += 1;
    else runs.push({ index: size + at, shard, position, count: 1 });
  });
  return runs;
};
