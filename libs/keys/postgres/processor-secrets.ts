import type { Pool, PoolClient } from 'pg';
import type { Environment } from '../key-management.js';

/** Which secret it is, however many versions it has. */
export interface SecretName {
  /** Such as `stripe`. */
  processor: string;
  /** '' for the platform's own endpoint, `connect` for that of all connected accounts, an account's id for one of its own. */
  account: string;
  environment: Environment;
  kind: 'webhook';
}

/** One version of a secret, sealed. */
export interface StoredSecret extends SecretName {
  version: number;
  ciphertext: string;
  createdAt: Date;
  /** From then on it is not valid any more; null for the newest. */
  retiresAt: Date | null;
}

/** Raised when a secret cannot be changed as was asked. The message is one line and says why. */
export class SecretRefused extends Error {}

/** Accounts with an endpoint of their own are few: most share the one for all of them. */
const maxValid = 1_000;

const columns =
  'processor, account, environment, kind, version, ciphertext, created_at as "createdAt", retires_at as "retiresAt"';
const named = 'processor = $1 and account = $2 and environment = $3 and kind = $4';
const valuesOf = ({ processor, account, environment, kind }: SecretName): string[] => [
  processor,
  account,
  environment,
  kind,
];

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
       where processor = $1 and environment = $2 and kind = $3 and (retires_at is null or retires_at > $4)
       order by account, version desc limit ${maxValid}`,
      [processor, environment, kind, now],
    );
    return rows;
  }

  /** Stores version 1. False where there was a version before, be it valid or not. */
  async addFirst(name: SecretName, ciphertext: string): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `insert into billing.processor_secret (processor, account, environment, kind, version, ciphertext)
       values ($1, $2, $3, $4, 1, $5) on conflict do nothing`,
      [...valuesOf(name), ciphertext],
    );
    return rowCount === 1;
  }

  /**
   * Stores the next version, which `seal` gives for its number. The newest that is valid stays so until `overlapUntil` at
   * most, an older one retires at once. `pool` acts as the owner.
   */
  async rotate(
    name: SecretName,
    seal: (version: number) => Promise<string>,
    { now, overlapUntil }: { now: Date; overlapUntil: Date },
  ): Promise<StoredSecret[]> {
    return inTransaction(this.#pool, async (client) => {
      // Two operators at once: the second one waits, and rotates away what the first one has set.
      await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [valuesOf(name).join('/')]);
      const { rows } = await client.query<{ newest: number; valid: number }>(
        `select coalesce(max(version), 0) as newest, coalesce(max(version) filter (where retires_at is null or retires_at > $5), 0) as valid
         from billing.processor_secret where ${named}`,
        [...valuesOf(name), now],
      );
      const { newest, valid } = rows[0] ?? { newest: 0, valid: 0 };
      await client.query(
        `update billing.processor_secret set retires_at = least(retires_at, case version when $5 then $7::timestamptz else $6 end)
         where ${named} and (retires_at is null or retires_at > $6)`,
        [...valuesOf(name), valid, now, overlapUntil],
      );
      await client.query(
        `insert into billing.processor_secret (processor, account, environment, kind, version, ciphertext)
         values ($1, $2, $3, $4, $5, $6)`,
        [...valuesOf(name), newest + 1, await seal(newest + 1)],
      );
      const after = await client.query<StoredSecret>(
        `select ${columns} from billing.processor_secret where ${named} and (retires_at is null or retires_at > $5)
         order by version desc`,
        [...valuesOf(name), now],
      );
      return after.rows;
    });
  }

  /** Retires a version at once, as the owner. Throws SecretRefused where it is not valid any more, or never was there. */
  async revoke(name: SecretName, version: number, now: Date): Promise<void> {
    const { rowCount } = await this.#pool.query(
      `update billing.processor_secret set retires_at = $6
       where ${named} and version = $5 and (retires_at is null or retires_at > $6)`,
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

const inTransaction = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => (broken = true));
    throw error;
  } finally {
    client.release(broken);
  }
};
