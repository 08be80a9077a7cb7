import type { Pool, PoolClient } from 'pg';

import type { ApiKeyForm } from '../api-key.js';
import type { Environment } from '../key-management.js';

export type SecretKind = 'webhook' | 'api';

/** Which secret it is, however many versions it has. */
export interface SecretName {
  /** Such as `stripe`. */
  processor: string;
  /**
   * '' for the platform's own account or endpoint, `connect` for the endpoint of all connected accounts, an account's id for an endpoint of
   * its own.
   */
  account: string;
  environment: Environment;
  kind: SecretKind;
}

/**
 * One version of a secret, sealed. Only a `valid` one is used. Of API keys there are candidates too: a gateway looks at each, and then it
 * is `checked` or `refused`.
 */
export interface StoredSecret extends SecretName {
  version: number;
  ciphertext: string;
  state: 'candidate' | 'checked' | 'refused' | 'valid';
  createdAt: Date;
  /** From then on it is not valid any more; null for the newest. */
  retiresAt: Date | null;
  /** When an operator ended it at once; null for one that has only been followed by another. */
  revokedAt: Date | null;
  /** Of an API key; null for webhooks. */
  form: ApiKeyForm | null;
  /** The processor's id of the account that an API key is of, once a gateway has asked. */
  processorAccount: string | null;
  /** Why a candidate was refused. */
  refusal: string | null;
}

/** From when until when a version that is followed by another one stays valid. */
export interface Overlap {
  now: Date;
  overlapUntil: Date;
}

/** Raised when a secret cannot be changed as was asked. The message is one line and says why. */
export class SecretRefused extends Error {}

export const columns = `processor, account, environment, kind, version, ciphertext, state, created_at as "createdAt", retires_at as "retiresAt",
  revoked_at as "revokedAt", form, processor_account as "processorAccount", refusal`;
/** A secret by its name, as `valuesOf` gives it. */
export const named = 'processor = $1 and account = $2 and environment = $3 and kind = $4';
export const valuesOf = ({ processor, account, environment, kind }: SecretName): string[] => [
  processor,
  account,
  environment,
  kind,
];

/** Works on the versions of a secret while nobody else does: a second operator waits, and finds what the first one has done. */
export const locked = async <T>(pool: Pool, name: SecretName, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [valuesOf(name).join('/')]);
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

/** The highest numbers of versions: of any, and of one that is valid. 0 where there is none. */
export const numbersOf = async (
  client: PoolClient,
  name: SecretName,
  now: Date,
): Promise<{ newest: number; valid: number }> => {
  const { rows } = await client.query<{ newest: number; valid: number }>(
    `select coalesce(max(version), 0) as newest,
       coalesce(max(version) filter (where state = 'valid' and (retires_at is null or retires_at > $5)), 0) as valid
     from billing.processor_secret where ${named}`,
    [...valuesOf(name), now],
  );
  return rows[0] ?? { newest: 0, valid: 0 };
};

/** Lets `valid`, the newest that is valid, go on until `overlapUntil` at most, and retires older ones at once. */
export const retire = async (
  client: PoolClient,
  name: SecretName,
  valid: number,
  { now, overlapUntil }: Overlap,
): Promise<void> => {
  await client.query(
    `update billing.processor_secret set retires_at = least(retires_at, case version when $5 then $7::timestamptz else $6 end)
     where ${named} and state = 'valid' and (retires_at is null or retires_at > $6)`,
    [...valuesOf(name), valid, now, overlapUntil],
  );
};

/** The versions that are valid at `now`, the newest first: two at most. */
export const validNow = async (client: PoolClient, name: SecretName, now: Date): Promise<StoredSecret[]> => {
  const { rows } = await client.query<StoredSecret>(
    `select ${columns} from billing.processor_secret
     where ${named} and state = 'valid' and (retires_at is null or retires_at > $5) order by version desc`,
    [...valuesOf(name), now],
  );
  return rows;
};
