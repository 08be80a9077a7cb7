import type { Pool } from 'pg';
import type { PlatformKeyStore } from '../platform-keys.js';
import type { WrappedKey } from '../stored-data-key.js';
import type { PlatformPurpose } from '../who-may-decrypt.js';

const readSql =
  'select version, wrapped from billing.platform_key where processor = $1 and purpose = $2 order by version';

const insertSql = `insert into billing.platform_key (processor, purpose, version, wrapped) values ($1, $2, $3, $4) on conflict do nothing`;

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
}
