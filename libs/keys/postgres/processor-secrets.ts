import type { Pool } from 'pg';

import type { ApiKeyForm } from '../api-key.js';
import type { Overlap, SecretName, StoredSecret } from './secret-rows.js';
import { SecretRefused, columns, locked, named, numbersOf, retire, validNow, valuesOf } from './secret-rows.js';

/** Accounts with an endpoint of their own are few: most share the one for all of them. */
const maxValid = 1_000;
/** Versions of one API key that are looked at: a year of weekly rotations. */
const maxVersions = 50;

/** Secrets of processors in `billing.processor_secret`, sealed; two versions of each are valid at once at most. */
export class PostgresProcessorSecrets {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The versions that are valid at `now` of every account, `maxValid` at most, the newest of each first. */
  async valid({ processor, environment, kind }: Omit<SecretName, 'account'>, now: Date): Promise<StoredSecret[]> {
    const { rows } = await this.#pool.query<StoredSecret>(
      `select ${columns} from billing.processor_secret
       where processor = $1 and environment = $2 and kind = $3 and state = 'valid' and (retires_at is null or retires_at > $4)
       order by account, version desc limit ${maxValid}`,
      [processor, environment, kind, now],
    );
    return rows;
  }

  /** Every version of one secret, the newest first, `maxVersions` at most: those that are valid, were, or may become so. */
  async versions(name: SecretName): Promise<StoredSecret[]> {
    const { rows } = await this.#pool.query<StoredSecret>(
      `select ${columns} from billing.processor_secret where ${named} order by version desc limit ${maxVersions}`,
      valuesOf(name),
    );
    return rows;
  }

  /** Stores version 1, with the form of an API key. False where there was a version before, be it valid or not. */
  async addFirst(name: SecretName, ciphertext: string, form: ApiKeyForm | null = null): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `insert into billing.processor_secret (processor, account, environment, kind, version, ciphertext, form)
       values ($1, $2, $3, $4, 1, $5, $6) on conflict do nothing`,
      [...valuesOf(name), ciphertext, form],
    );
    return rowCount === 1;
  }

  /**
   * Stores the next version, which `seal` gives for its number, with the form of an API key. The newest that is valid stays so until
   * `overlapUntil` at most, an older one retires at once. `pool` acts as the owner.
   */
  async rotate(
    name: SecretName,
    seal: (version: number) => Promise<string>,
    { form = null, ...overlap }: Overlap & { form?: ApiKeyForm | null },
  ): Promise<StoredSecret[]> {
    return locked(this.#pool, name, async (client) => {
      const { newest, valid } = await numbersOf(client, name, overlap.now);
      await retire(client, name, valid, overlap);
      await client.query(
        `insert into billing.processor_secret (processor, account, environment, kind, version, ciphertext, form)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [...valuesOf(name), newest + 1, await seal(newest + 1), form],
      );
      return validNow(client, name, overlap.now);
    });
  }

  /** Notes whose a valid version turned out to be. */
  async noteAccount(name: SecretName, version: number, processorAccount: string): Promise<void> {
    await this.#pool.query(
      `update billing.processor_secret set processor_account = $6 where ${named} and version = $5 and state = 'valid'`,
      [...valuesOf(name), version, processorAccount],
    );
  }

  /** Ends a version at once and for good, as the owner. Throws SecretRefused where it is not valid any more, or never was there. */
  async revoke(name: SecretName, version: number, now: Date): Promise<void> {
    const { rowCount } = await this.#pool.query(
      `update billing.processor_secret set retires_at = $6, revoked_at = $6
       where ${named} and version = $5 and state = 'valid' and (retires_at is null or retires_at > $6)`,
      [...valuesOf(name), version, now],
    );
    if (rowCount === 0) throw new SecretRefused(`version ${version} is not valid any more, or never was there`);
  }

  /** Every version of every secret, as the owner. */
  async list(): Promise<StoredSecret[]> {
    const { rows } = await this.#pool.query<StoredSecret>(
      `select ${columns} from billing.processor_secret order by processor, account, environment, kind, version`,
    );
    return rows;
  }
}
