import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { KeyManagement } from '#keys';
import {
  Keys,
  LocalKeyManagement,
  PostgresSubjectKeyStore,
  PostgresTenantKeyStore,
  PostgresTenantKeyring,
  TenantKeyRotation,
} from '#keys';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import type { Pool } from 'pg';

import { KeyKeeper } from '../../apps/gateway/keeper/key-keeper.js';
import type { TestDatabase } from '../database/index.js';
import type { Row } from './report.js';
import { comparedRow } from './report.js';

const seconds = 4;
const rowsToReencrypt = 50_000;
/** As long as a processor's token. */
const token = `pm_${'x'.repeat(24)}`;

/** Operations a second of `work`, one after the other, after a warm-up. */
const rateOf = async (work: () => unknown): Promise<number> => {
  const during = async (ms: number): Promise<number> => {
    const end = performance.now() + ms;
    let done = 0;
    for (; performance.now() < end; done += 100) for (let at = 0; at < 100; at += 1) await work();
    return done;
  };
  await during(seconds * 300);
  return (await during(seconds * 1_000)) / seconds;
};

/** What a service that keeps one key in clear would do: AES-256-GCM with a random nonce, base64url. */
const bareKey = randomBytes(32);
const bareSeal = (): string => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', bareKey, nonce);
  const sealed = Buffer.concat([nonce, cipher.update(token), cipher.final(), cipher.getAuthTag()]);
  return sealed.toString('base64url');
};
const bareOpen = (text: string): string => {
  const sealed = Buffer.from(text, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', bareKey, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString();
};

/** Asks `kms`, and counts. */
class CountedKms {
  calls = 0;

  constructor(private readonly kms: KeyManagement) {}

  readonly asKeyManagement = (): KeyManagement =>
    new Proxy(this.kms, {
      get: (kms, name) => {
        const method: unknown = Reflect.get(kms, name);
        if (typeof method !== 'function') return method;
        return (...asked: unknown[]): unknown => {
          this.calls += 1;
          return Reflect.apply(method, kms, asked);
        };
      },
    });
}

interface Room {
  pool: Pool;
  kms: KeyManagement;
  counted: CountedKms;
}

const keysOf = ({ pool, kms }: Room): Keys =>
  new Keys({
    ...{ app: 'gateway', environment: 'test', kms },
    tenantKeys: new PostgresTenantKeyStore(pool),
    subjectKeys: new PostgresSubjectKeyStore(pool),
  });

const cellOf = (tenantId: string, row: string) => ({ tenantId, table: 'processor_token', column: 'sealed', row });

const sealing = async (room: Room, tenantId: string): Promise<Row[]> => {
  const keys = keysOf(room);
  const cell = cellOf(tenantId, randomUUID());
  const [sealed, bare] = [await keys.sealToken(cell, token), bareSeal()];
  return [
    comparedRow(
      'seal a token, beside bare AES-GCM',
      await rateOf(() => keys.sealToken(cell, token)),
      await rateOf(bareSeal),
    ),
    comparedRow('open it', await rateOf(() => keys.openToken(cell, sealed)), await rateOf(() => bareOpen(bare))),
  ];
};

/** Of a thousand operations on `tenants`, how many calls of the KMS there are: the key management's price, and what it must be able to bear. */
const callsOf = async (room: Room, tenants: readonly string[], isCold: boolean): Promise<Row> => {
  const keys = keysOf(room);
  const each = async (at: number): Promise<unknown> =>
    keys.sealToken(cellOf(String(tenants[at % tenants.length]), 'row'), token);
  for (let at = 0; at < tenants.length; at += 1) await each(at);
  if (isCold) keys.clear();
  room.counted.calls = 0;
  for (let at = 0; at < 1_000; at += 1) await each(at);
  const cache = isCold ? 'cold' : 'warm';
  const over = tenants.length === 1 ? 'for one tenant' : `over ${tenants.length} tenants`;
  return comparedRow(`KMS calls of 1,000 seals ${over}, ${cache} cache`, room.counted.calls, 1_000);
};

const reencrypting = async (database: TestDatabase, room: Room, tenantId: string): Promise<Row> => {
  const { pool, kms } = room;
  const keys = keysOf(room);
  const ids = Array.from({ length: rowsToReencrypt }, () => randomUUID());
  const sealed = await Promise.all(ids.map((id) => keys.sealToken(cellOf(tenantId, id), token)));
  await database.admin.query(
    `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed)
     select $1, id, id, sealed from unnest($2::uuid[], $3::text[]) as n (id, sealed)`,
    [tenantId, ids, sealed],
  );
  await database.admin.query('analyze billing.processor_token');
  const reference = await updating(database, ids);
  const keyring = new PostgresTenantKeyring(pool);
  const rotation = new TenantKeyRotation({ app: 'gateway', environment: 'test', kms, keyring });
  await rotation.rotate({ tenantId, purpose: 'token', version: 1 });
  await database.admin.query(
    `insert into billing.key_reencryption (run_id, asked_by, only_tenant, not_before, requested_at)
     values (gen_random_uuid(), 'operator', $1, now(), now())`,
    [tenantId],
  );
  const keeper = new KeyKeeper({
    ...{ pool, rotation, keys: keysOf(room), lifeDays: 90, pollMs: 10 },
    metrics: createMetrics('gateway'),
    logger: createLogger({ app: 'gateway', level: 'silent' }),
  });
  keeper.start();
  const tookMs = await lastRunMs(database);
  await keeper.close();
  return comparedRow(
    'rows re-encrypted, beside plain updates of as many',
    (rowsToReencrypt * 1_000) / tookMs,
    reference,
  );
};

/** Rows a second that are updated 500 at a time to texts of another version, there and back, with nothing computed. */
const updating = async ({ admin }: TestDatabase, ids: readonly string[]): Promise<number> => {
  const began = performance.now();
  for (const version of ['v1.9.', 'v1.1.'])
    for (let at = 0; at < ids.length; at += 500)
      await admin.query(
        `update billing.processor_token p set sealed = $2 || substr(sealed, 6)
         from unnest($1::uuid[]) as n (id) where p.payment_method_id = n.id`,
        [ids.slice(at, at + 500), version],
      );
  return (2 * ids.length * 1_000) / (performance.now() - began);
};

const lastRunMs = async ({ admin }: TestDatabase): Promise<number> => {
  const deadline = Date.now() + 300_000;
  while (Date.now() < deadline) {
    const { rows } = await admin.query<{ ms: number; done: number }>(
      `select extract(epoch from finished_at - started_at)::float8 * 1000 as ms, rows_done::integer as done
       from billing.key_reencryption where state = 'done'`,
    );
    if (rows[0]) {
      if (rows[0].done !== rowsToReencrypt) throw new Error(`${rows[0].done} rows were re-encrypted`);
      return rows[0].ms;
    }
    await pause(50);
  }
  throw new Error('the re-encryption did not end within five minutes');
};

/** Sealing and opening beside bare node:crypto, calls of the KMS with warm and cold caches, and re-encryption beside plain updates. */
export const keysBench = async (database: TestDatabase): Promise<Row[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'billing-bench-keys-'));
  try {
    const kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' });
    const counted = new CountedKms(kms);
    const room = { pool: database.pool('billing_gateway'), kms: counted.asKeyManagement(), counted };
    const tenants: string[] = [];
    for (let at = 0; at < 100; at += 1) tenants.push(await database.addTenant());
    const [tenantId = ''] = tenants;
    return [
      ...(await sealing(room, tenantId)),
      await callsOf(room, [tenantId], false),
      await callsOf(room, [tenantId], true),
      await callsOf(room, tenants, false),
      await callsOf(room, tenants, true),
      await reencrypting(database, room, await database.addTenant()),
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
