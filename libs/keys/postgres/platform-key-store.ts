import type { Pool } from 'pg';
import type { PlatformKeyStore } from '../platform-keys.js';
import type { PlatformKeyVersion, RotatingPlatformPurpose } from '../rotation/index.js';
import type { WrappedKey } from '../stored-data-key.js';
import type { PlatformPurpose } from '../who-may-decrypt.js';

const readSql =
  'select version, wrapped from billing.platform_key where processor = $1 and purpose = $2 order by version';

const insertSql = `insert into billing.platform_key (processor, purpose, version, wrapped) values ($1, $2, $3, $4) on conflict do nothing`;

// By the database's clock, which also says when a key was made. As many as there are processors.
const dueSql = `select processor, purpose, version from (
    select distinct on (processor) processor, purpose, version, created_at from billing.platform_key
    where purpose = $1 order by processor, version desc) newest
  where created_at < now() - make_interval(days => $2) order by created_at limit 20`;

/** Wrapped DEKs of the platform in `billing.platform_key`. */
export class PostgresPlatformKeyStore implements PlatformKeyStore {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async read(processor: string, purpose: PlatformPurpose): Promise<WrappedKey[]> {
    const { rows } = await this.#pool.query<WrappedKey>(readSql, [processor, purpose]);
    return rows;
  }

  async insert(processor: string, purpose: PlatformPurpose, version: number, wrapped: Buffer): Promise<void> {
    await this.#pool.query(insertSql, [processor, purpose, version, wrapped]);
  }

  /** The newest versions that are older than `lifeDays`, the oldest first, 20 at most. */
  async due(purpose: RotatingPlatformPurpose, lifeDays: number): Promise<PlatformKeyVersion[]> {
    const { rows } = await this.#pool.query<PlatformKeyVersion>(dueSql, [purpose, lifeDays]);
    return rows;
  }
}
