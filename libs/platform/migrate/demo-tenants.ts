import pg from 'pg';

import { databaseConnection } from '../database/index.js';
import { inStep } from './failure.js';

/** The tenants of a trial. Never in production. */
export const demoTenants = [
  { id: '11111111-1111-4111-8111-111111111111', name: 'Demo tenant one' },
  { id: '22222222-2222-4222-8222-222222222222', name: 'Demo tenant two' },
] as const;

/** Adds the demo tenants where they are missing, as the owner, each in the shard its id gives (the last byte of four, mod 16). Throws MigrationFailed. */
export const addDemoTenants = (adminUrl: string): Promise<void> =>
  inStep('adding the demo tenants', () => insertTenants(adminUrl));

const insertTenants = async (adminUrl: string): Promise<void> => {
  const client = new pg.Client({ ...databaseConnection(adminUrl), options: '-c role=billing_owner' });
  await client.connect();
  try {
    await client.query(
      `insert into billing.tenant (id, name, shard)
       select id, name, get_byte(sha256(uuid_send(id)), 3) % 16 from unnest($1::uuid[], $2::text[]) as t (id, name) on conflict do nothing`,
      [demoTenants.map((tenant) => tenant.id), demoTenants.map((tenant) => tenant.name)],
    );
  } finally {
    await client.end();
  }
};
