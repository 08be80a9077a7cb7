import { isSpiffeId } from '#platform/spiffe';
import type { Pool, PoolClient } from 'pg';

import { platformTenantId } from '../tenancy/index.js';
import type { ProducerScope, SignatureAlgorithm } from './producer.js';
import { producerNameForm } from './producer.js';
import type { PublicKey } from './public-key.js';

/** As long as subjects of the access log may be. */
const maxSpiffeIdLength = 200;

/** A registration cannot be changed as was asked. The message is one line and says why. */
export class RegistrationRefused extends Error {}

/** A producer and its keys, as an operator sees them; times are RFC 3339. */
export interface Registration {
  name: string;
  /** As its certificates name it; null: it does not call the api. */
  spiffeId: string | null;
  tenants: string[] | 'all';
  scopes: ProducerScope[];
  createdAt: string;
  revokedAt: string | null;
  keys: { kid: string; algorithm: SignatureAlgorithm; addedAt: string; revokedAt: string | null }[];
}

/** How a producer is known to the api, and what it may do. */
export interface Grants {
  spiffeId?: string;
  tenants?: readonly string[] | 'all';
  scopes?: readonly ProducerScope[];
}

/**
 * Registers a producer with a SPIFFE id, a key or both, or gives one that is registered another key, and another SPIFFE id or other
 * grants where they are named. `pool` acts as the owner. Throws RegistrationRefused.
 */
export const registerProducer = (pool: Pool, name: string, grants: Grants, key?: PublicKey): Promise<void> =>
  inTransaction(pool, async (client) => {
    if (!producerNameForm.test(name))
      throw new RegistrationRefused(
        'a producer is named by lower-case letters, digits, dots, dashes and underscores, 63 at most',
      );
    await assertTenantsExist(client, grants.tenants);
    const { rows } = await client.query<{ revoked: boolean }>(
      'select revoked_at is not null as revoked from billing.producer where name = $1 for update',
      [name],
    );
    if (!rows[0]) await insertProducer(client, name, grants, key);
    else if (rows[0].revoked) throw new RegistrationRefused(revokedFor(name));
    else await updateGrants(client, name, grants);
    if (grants.spiffeId !== undefined) await nameBySpiffeId(client, name, grants.spiffeId);
    if (key) await addKey(client, name, key);
  });

const assertTenantsExist = async (client: PoolClient, tenants: Grants['tenants']): Promise<void> => {
  if (tenants === undefined || tenants === 'all') return;
  if (tenants.some((id) => id.toLowerCase() === platformTenantId))
    throw new RegistrationRefused("no service speaks for the platform's own tenant");
  const { rows } = await client.query<{ id: string }>(
    'select id from unnest($1::uuid[]) as t (id) where not exists (select from billing.tenant where tenant.id = t.id) limit 1',
    [tenants],
  );
  if (rows[0]) throw new RegistrationRefused(`there is no tenant ${rows[0].id} in this deployment`);
};

const insertProducer = async (
  client: PoolClient,
  name: string,
  { tenants, scopes, spiffeId }: Grants,
  key: PublicKey | undefined,
): Promise<void> => {
  if (key === undefined && spiffeId === undefined)
    throw new RegistrationRefused(`${name} is new: give the key that it signs with, its SPIFFE id, or both`);
  if (tenants === undefined || tenants.length === 0)
    throw new RegistrationRefused(`${name} is new: say for which tenants it may speak`);
  if (scopes === undefined || scopes.length === 0)
    throw new RegistrationRefused(`${name} is new: say which scopes it has`);
  await client.query(
    'insert into billing.producer (name, all_tenants, tenants, scopes) values ($1, $2, $3::uuid[], $4::text[])',
    [name, tenants === 'all', tenants === 'all' ? [] : unique(tenants), unique(scopes)],
  );
};

const updateGrants = async (client: PoolClient, name: string, { tenants, scopes }: Grants): Promise<void> => {
  if (tenants !== undefined)
    await client.query('update billing.producer set all_tenants = $2, tenants = $3::uuid[] where name = $1', [
      name,
      tenants === 'all',
      tenants === 'all' ? [] : unique(tenants),
    ]);
  if (scopes !== undefined)
    await client.query('update billing.producer set scopes = $2::text[] where name = $1', [name, unique(scopes)]);
};

const revokedFor = (name: string): string =>
  `${name} was revoked, for good: register it under another name, with a new key; its SPIFFE id may be given to that`;

/** A SPIFFE id is one living registration's. What a revoked one had, another may be given; the revoked one keeps it as history. */
const nameBySpiffeId = async (client: PoolClient, name: string, spiffeId: string): Promise<void> => {
  if (!isSpiffeId(spiffeId) || spiffeId.length > maxSpiffeIdLength)
    throw new RegistrationRefused(
      `a SPIFFE id is written spiffe://trust-domain/path, in ${maxSpiffeIdLength} characters at most`,
    );
  const { rowCount } = await client.query(
    `update billing.producer set spiffe_id = $2 where name = $1
       and not exists (select from billing.producer other where other.spiffe_id = $2 and other.name <> $1 and other.revoked_at is null)`,
    [name, spiffeId],
  );
  if (rowCount === 0)
    throw new RegistrationRefused(
      `${spiffeId} is another service's: each has one of its own. \`billing producers list\` says whose; once that is revoked, it can be given anew`,
    );
};

const addKey = async (client: PoolClient, name: string, { kid, algorithm, jwk }: PublicKey): Promise<void> => {
  await client.query(
    `insert into billing.producer_key (kid, producer, algorithm, public_key) values ($1, $2, $3, $4)
     on conflict (kid) do nothing`,
    [kid, name, algorithm, jwk],
  );
  const { rows } = await client.query<{ producer: string; revoked: boolean }>(
    'select producer, revoked_at is not null as revoked from billing.producer_key where kid = $1',
    [kid],
  );
  if (rows[0]?.producer !== name)
    throw new RegistrationRefused(`the key ${kid} is another producer's: each has keys of its own; make a new one`);
  if (rows[0].revoked) throw new RegistrationRefused(`the key ${kid} was revoked: make a new one`);
};

/** Every producer by name, revoked ones too. */
export const listProducers = async (pool: Pool): Promise<Registration[]> => {
  const { rows } = await pool.query<{ registration: Registration }>(
    `select json_build_object('name', p.name, 'spiffeId', p.spiffe_id, 'tenants', case when p.all_tenants then to_json('all'::text) else to_json(p.tenants) end,
        'scopes', p.scopes, 'createdAt', ${rfc3339('p.created_at')}, 'revokedAt', ${rfc3339('p.revoked_at')}, 'keys', coalesce((
          select json_agg(json_build_object('kid', k.kid, 'algorithm', k.algorithm, 'addedAt', ${rfc3339('k.added_at')},
            'revokedAt', ${rfc3339('k.revoked_at')}) order by k.added_at, k.kid)
          from billing.producer_key k where k.producer = p.name), '[]')) as registration
     from billing.producer p order by p.name`,
  );
  return rows.map(({ registration }) => registration);
};

const rfc3339 = (column: string): string => `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Revokes a producer with all its keys, or one key. Workers follow within seconds. Throws RegistrationRefused where there is none. */
export const revokeProducer = async (pool: Pool, name: string, kid?: string): Promise<void> => {
  const { rowCount } =
    kid === undefined
      ? await pool.query('update billing.producer set revoked_at = coalesce(revoked_at, now()) where name = $1', [name])
      : await pool.query(
          'update billing.producer_key set revoked_at = coalesce(revoked_at, now()) where producer = $1 and kid = $2',
          [name, kid],
        );
  if (rowCount === 0)
    throw new RegistrationRefused(
      kid === undefined ? `there is no producer ${name}` : `the producer ${name} has no key ${kid}`,
    );
};

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

const inTransaction = async (pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> => {
  const client = await pool.connect();
  let failed: Error | undefined;
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch((rollbackError: unknown) => {
      failed = rollbackError as Error;
    });
    throw error;
  } finally {
    client.release(failed);
  }
};
