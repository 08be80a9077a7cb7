import { setTimeout as sleep } from 'node:timers/promises';

import type { Pool } from 'pg';
import { importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';

import type { Scope } from '../roles.js';
import type { Producer, SignatureAlgorithm } from './producer.js';
import { SignatureRefused } from './signature-refused.js';

/** How long a registration is taken at its word: within this time a revocation takes effect everywhere. */
const defaultMaxAgeMs = 2_000;
/** What is not known may have just been registered, so we look again before we say so; but no more often than this, whoever asks. */
const defaultMinReloadMs = 100;
/** More keys, and more services without one, than any deployment has; all of them are held in memory. */
const maxRows = 10_000;

/** A key and whose it is. */
export interface ProducerKey {
  producer: Producer;
  algorithm: SignatureAlgorithm;
  key: CryptoKey;
}

type Listed = ProducerKey & { kid: string; revoked: 'producer_revoked' | 'key_revoked' | undefined };

interface Snapshot {
  keys: ReadonlyMap<string, Listed>;
  /** By SPIFFE id; undefined: revoked. */
  services: ReadonlyMap<string, Producer | undefined>;
  takenMs: number;
}

interface Row {
  name: string;
  spiffe_id: string | null;
  all_tenants: boolean;
  tenants: string[];
  scopes: Scope[];
  producer_revoked: boolean;
}

type KeyRow = Row & { kid: string; algorithm: SignatureAlgorithm; public_key: JWK; key_revoked: boolean };

/**
 * Which services there are, by the keys that they sign commands with and by the SPIFFE id of their certificates: the registrations, read
 * from the database every few seconds while they are used.
 */
export class ProducerDirectory {
  readonly #pool: Pool;
  readonly #maxAgeMs: number;
  readonly #minReloadMs: number;
  readonly #now: () => number;
  #snapshot: Snapshot = { keys: new Map(), services: new Map(), takenMs: -Infinity };
  #loading: Promise<Snapshot> | undefined;

  constructor(
    pool: Pool,
    {
      maxAgeMs = defaultMaxAgeMs,
      minReloadMs = defaultMinReloadMs,
      now = () => performance.now(),
    }: { maxAgeMs?: number; minReloadMs?: number; now?: () => number } = {},
  ) {
    this.#pool = pool;
    this.#maxAgeMs = maxAgeMs;
    this.#minReloadMs = minReloadMs;
    this.#now = now;
  }

  /**
   * The key `kid` of the producer `name`. Throws SignatureRefused where there is none, it is another's or it is revoked; what
   * Postgres raises where it cannot be asked. `cameMs` is when what it signs came, by the clock of `performance.now()`: a key that was
   * not registered then is not looked for again, so that any number of forgeries that came together wait once.
   */
  async keyOf(name: string, kid: string, cameMs = this.#now()): Promise<ProducerKey> {
    let found = (await this.#recent(this.#maxAgeMs)).keys.get(kid);
    found ??= (await this.#takenSince(cameMs)).keys.get(kid);
    if (found?.producer.name !== name)
      throw new SignatureRefused('producer_key_unknown', 'the producer has no such key; see `billing producers list`');
    if (found.revoked) throw new SignatureRefused(found.revoked, 'the key or its producer was revoked');
    return found;
  }

  /** The service with this SPIFFE id; undefined where there is none, or it was revoked. Throws what Postgres raises. */
  async serviceOf(spiffeId: string): Promise<Producer | undefined> {
    const cameMs = this.#now();
    const recent = await this.#recent(this.#maxAgeMs);
    const { services } = recent.services.has(spiffeId) ? recent : await this.#takenSince(cameMs);
    return services.get(spiffeId);
  }

  /** What was registered at that time, if not later. */
  async #takenSince(sinceMs: number): Promise<Snapshot> {
    while (this.#snapshot.takenMs < sinceMs) {
      const pauseMs = this.#snapshot.takenMs + this.#minReloadMs - this.#now();
      if (pauseMs > 0) await sleep(pauseMs);
      // At most three times: one that was being loaded when it was asked for, and one after it.
      await this.#reload();
    }
    return this.#snapshot;
  }

  async #recent(maxAgeMs: number): Promise<Snapshot> {
    return this.#now() - this.#snapshot.takenMs <= maxAgeMs ? this.#snapshot : this.#reload();
  }

  /** One query at a time, for everybody who asks meanwhile. */
  #reload(): Promise<Snapshot> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<Snapshot> {
    const takenMs = this.#now();
    const { rows } = await this.#pool.query<Row | KeyRow>({
      name: 'producer_keys',
      text: `select p.name, p.spiffe_id, p.all_tenants, p.tenants, p.scopes, p.revoked_at is not null as producer_revoked,
          k.kid, k.algorithm, k.public_key, k.revoked_at is not null as key_revoked
        from billing.producer p left join billing.producer_key k on k.producer = p.name
        where k.kid is not null or p.spiffe_id is not null order by p.name, k.kid limit ${maxRows + 1}`,
    });
    if (rows.length > maxRows)
      throw new Error(`more than ${maxRows} services and keys are registered; remove old ones`);
    const listed = await Promise.all(rows.filter(hasKey).map((row) => this.#listed(row).catch(() => undefined)));
    // A row that holds no key is as good as none, and its producer's trouble alone.
    const keys = listed.filter((key) => key !== undefined).map((key): [string, Listed] => [key.kid, key]);
    this.#snapshot = { takenMs, keys: new Map(keys), services: servicesOf(rows) };
    return this.#snapshot;
  }

  async #listed(row: KeyRow): Promise<Listed> {
    const { kid, algorithm } = row;
    return {
      kid,
      algorithm,
      producer: producerOf(row),
      // A kid is the thumbprint of its key, so that what was imported once stays right.
      key: this.#snapshot.keys.get(kid)?.key ?? ((await importJWK(row.public_key, algorithm)) as CryptoKey),
      revoked: row.producer_revoked ? 'producer_revoked' : row.key_revoked ? 'key_revoked' : undefined,
    };
  }
}

const hasKey = (row: Row | KeyRow): row is KeyRow => 'kid' in row && row.kid !== null;

/** Several may have had an id: the one that is not revoked has it. */
const servicesOf = (rows: readonly Row[]): Snapshot['services'] => {
  const services = new Map<string, Producer | undefined>();
  for (const row of rows)
    if (row.spiffe_id !== null && !(row.producer_revoked && services.has(row.spiffe_id)))
      services.set(row.spiffe_id, row.producer_revoked ? undefined : producerOf(row));
  return services;
};

const producerOf = ({ name, spiffe_id: spiffeId, all_tenants: all, tenants, scopes }: Row): Producer => ({
  name,
  ...(spiffeId !== null && { spiffeId }),
  tenants: all ? 'all' : new Set(tenants),
  scopes: new Set(scopes),
});
