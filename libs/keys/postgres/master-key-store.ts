import type { Pool } from 'pg';

import { SealBroken } from '../errors.js';
import type { Environment } from '../key-management.js';
import { MasterKeyBusy } from '../rotation/master-key-rotation.js';
import type { MasterKeyProgress, MasterKeyStore, StoredCiphertext } from '../rotation/master-key-rotation.js';
import { secretTextOf, wrappedSecretOf } from '../sealed-secret.js';

/** Tells this lock from those of other work; another number of it is the keeper's. */
const [lockClass, masterKeyLock] = [7_210, 2];

const beginSql = 'insert into billing.master_key_rotation (begun_at) values (clock_timestamp()) on conflict do nothing';
const progressSql = `select rotated_at as "rotatedAt", rotations_before as rotations,
    (extract(epoch from clock_timestamp() - sent_at) * 1000)::float8 as "agoMs"
  from billing.master_key_rotation where finished_at is null`;
const sentSql = `update billing.master_key_rotation set sent_at = clock_timestamp(), rotations_before = $1 where finished_at is null`;
const refusedSql = `update billing.master_key_rotation set sent_at = null, rotations_before = null where finished_at is null`;

// To the millisecond, as it is compared with.
const rotatedSql = `update billing.master_key_rotation set rotated_at = date_trunc('milliseconds', clock_timestamp())
  where finished_at is null returning rotated_at as "rotatedAt"`;

// Secrets that earlier releases sealed lie under a key of the platform, and go with that.
const countSql = `select ((select count(*) from billing.tenant_key where wrapped_at < $1)
  + (select count(*) from billing.platform_key where wrapped_at < $1)
  + (select count(*) from billing.processor_secret
    where wrapped_at < $1 and environment = $2 and ciphertext like 'v2.%'))::float8 as count`;

type Kind = StoredCiphertext['kind'];

// Of one kind, behind a place ('' and 0 at its beginning), in order.
const platformPageSql = `select processor as of, '' as account, purpose, version, wrapped from billing.platform_key
  where wrapped_at < $1 and (processor, purpose, version) > ($2, $3, $4) order by processor, purpose, version limit $5`;
const tenantPageSql = `select tenant_id as of, '' as account, purpose, version, wrapped from billing.tenant_key
  where wrapped_at < $1 and (tenant_id, purpose, version) > ($2, $3, $4) order by tenant_id, purpose, version limit $5`;
const secretPageSql = `select processor as of, account, kind as purpose, version, ciphertext from billing.processor_secret
  where wrapped_at < $1 and (processor, kind, version, account) > ($2, $3, $4, $6) and environment = $7 and ciphertext like 'v2.%'
  order by processor, kind, version, account limit $5`;
const kinds = ['platform', 'secret', 'tenant'] as const;

const replaceTenantKey = `update billing.tenant_key set wrapped = $5, wrapped_at = now()
  where tenant_id = $1 and purpose = $2 and version = $3 and wrapped = $4`;
const replacePlatformKey = `update billing.platform_key set wrapped = $5, wrapped_at = now()
  where processor = $1 and purpose = $2 and version = $3 and wrapped = $4`;
const replaceSecret = `update billing.processor_secret set ciphertext = $5, wrapped_at = now()
  where processor = $1 and kind = $2 and version = $3 and ciphertext = $4 and account = $6 and environment = $7`;

/** The kind of a secret, and the word for what it is for in the context of the KMS. */
const purposeOf = { api: 'api_key', webhook: 'webhook_secret' } as const;
const kindOf = (purpose: string): string => (purpose === purposeOf.api ? 'api' : 'webhook');

const noTenant = '00000000-0000-0000-0000-000000000000';

/** All that the KMS has wrapped in an environment, and the rotations of the master key above it. `pool` acts as the owner. */
export class PostgresMasterKeyStore implements MasterKeyStore {
  readonly #pool: Pool;
  readonly #environment: Environment;

  constructor(pool: Pool, environment: Environment) {
    this.#pool = pool;
    this.#environment = environment;
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    const session = await this.#pool.connect();
    let broken: Error | undefined;
    const onError = (error: Error): void => {
      broken = error;
    };
    session.on('error', onError);
    try {
      const values = [lockClass, masterKeyLock];
      const { rows } = await session.query<{ held: boolean }>('select pg_try_advisory_lock($1, $2) as held', values);
      if (rows[0]?.held !== true) throw new MasterKeyBusy();
      try {
        return await work();
      } finally {
        // The end of a session is seen a moment later: whoever asks at once would find it held.
        if (!broken) await session.query('select pg_advisory_unlock($1, $2)', values).catch(() => undefined);
      }
    } finally {
      session.off('error', onError);
      // With its session, so that it is given back whatever became of that.
      session.release(broken ?? true);
    }
  }

  async begin(): Promise<MasterKeyProgress> {
    await this.#pool.query(beginSql);
    const { rows } = await this.#pool.query<ProgressRow>(progressSql);
    const { rotatedAt = null, rotations = null, agoMs = null } = rows[0] ?? {};
    const sent = rotations === null || agoMs === null ? undefined : { agoMs, rotations };
    return { rotatedAt: rotatedAt ?? undefined, sent };
  }

  async markSent(rotations: number): Promise<void> {
    await this.#pool.query(sentSql, [rotations]);
  }

  async markRefused(): Promise<void> {
    await this.#pool.query(refusedSql);
  }

  async markRotated(): Promise<Date> {
    const { rows } = await this.#pool.query<{ rotatedAt: Date }>(rotatedSql);
    if (!rows[0]) throw new Error('another operator has ended this rotation of the master key');
    return rows[0].rotatedAt;
  }

  async finish(): Promise<void> {
    await this.#pool.query('update billing.master_key_rotation set finished_at = now() where finished_at is null');
  }

  async count(before: Date): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(countSql, [before, this.#environment]);
    return rows[0]?.count ?? 0;
  }

  /** Keys of the platform first: there are a handful. */
  async page(before: Date, after: StoredCiphertext | undefined, limit: number): Promise<StoredCiphertext[]> {
    const found: StoredCiphertext[] = [];
    for (const kind of kinds.slice(after ? kinds.indexOf(after.kind) : 0)) {
      if (found.length === limit) break;
      found.push(...(await this.#page(kind, before, after?.kind === kind ? after : undefined, limit - found.length)));
    }
    return found;
  }

  async replace(
    { kind, of, account, purpose, version, wrapped: was }: StoredCiphertext,
    wrapped: Buffer,
  ): Promise<void> {
    const values = [of, purpose, version, was, wrapped];
    if (kind === 'tenant') await this.#pool.query(replaceTenantKey, values);
    else if (kind === 'platform') await this.#pool.query(replacePlatformKey, values);
    else {
      const texts = [secretTextOf(was), secretTextOf(wrapped)];
      await this.#pool.query(replaceSecret, [of, kindOf(purpose), version, ...texts, account, this.#environment]);
    }
  }

  async #page(
    kind: Kind,
    before: Date,
    after: StoredCiphertext | undefined,
    limit: number,
  ): Promise<StoredCiphertext[]> {
    const { of = kind === 'tenant' ? noTenant : '', account = '', purpose = '', version = 0 } = after ?? {};
    if (kind !== 'secret') {
      const values = [before, of, purpose, version, limit];
      const { rows } = await (kind === 'tenant'
        ? this.#pool.query<Omit<StoredCiphertext, 'kind'>>(tenantPageSql, values)
        : this.#pool.query<Omit<StoredCiphertext, 'kind'>>(platformPageSql, values));
      return rows.map((row) => ({ kind, ...row }));
    }
    const values = [before, of, after ? kindOf(purpose) : '', version, limit, account, this.#environment];
    const { rows } = await this.#pool.query<SecretRow>(secretPageSql, values);
    return rows.map(({ ciphertext, purpose: secretKind, ...row }) => ({
      ...{ kind, ...row, purpose: purposeOf[secretKind] },
      wrapped: wrappedIn(ciphertext),
    }));
  }
}

interface ProgressRow {
  rotatedAt: Date | null;
  rotations: number | null;
  agoMs: number | null;
}

interface SecretRow {
  of: string;
  account: string;
  purpose: keyof typeof purposeOf;
  version: number;
  ciphertext: string;
}

/** Nothing where a row holds no sealed secret: the KMS refuses that, and it is counted. */
const wrappedIn = (ciphertext: string): Buffer => {
  try {
    return wrappedSecretOf(ciphertext);
  } catch (error) {
    if (error instanceof SealBroken) return Buffer.alloc(0);
    throw error;
  }
};
