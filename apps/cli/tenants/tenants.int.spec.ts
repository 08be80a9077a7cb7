import { platformTenantId } from '#access/tenancy';
import { randomUUID } from 'node:crypto';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { Ran } from '../testing/run-command.js';
import { runCommand } from '../testing/run-command.js';
import { tenantsCommand } from './index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const billing = (...args: string[]): Promise<Ran> =>
  runCommand(tenantsCommand({ DATABASE_URL: database.adminUrl }), args);
const shown = ({ out }: Ran): Record<string, unknown> => JSON.parse(out) as Record<string, unknown>;
const typesOf = async (tenantId: unknown): Promise<string[]> => {
  const { rows } = await database.admin.query<{ type: string }>(
    `select type from billing.event where tenant_id = $1 and stream_id not like 'access%' order by position`,
    [tenantId],
  );
  return rows.map(({ type }) => type);
};

describe('billing tenants', () => {
  it('adds a tenant, and says its id and what comes next', async () => {
    const { code, out } = await billing('add', 'Acme');
    const id = /^[0-9a-f-]{36}/.exec(out)?.[0];
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('(Acme) is added') as string });
    expect(out).toContain(`billing token --tenant ${id} --role tenant_admin`);
    expect(out).toContain(`billing producers add NAME --tenant ${id}`);
    expect(await typesOf(id)).toEqual(['TenantAdded']);
  });

  it('adds one under an id of its own once', async () => {
    const id = randomUUID();
    const first = await billing('add', 'Umbrella', '--id', id.toUpperCase(), '--json');
    expect(shown(first)).toMatchObject({ id, name: 'Umbrella', status: 'active', suspendedAt: null });
    expect(shown(await billing('add', 'Umbrella', '--id', id, '--json'))).toEqual(shown(first));
    expect((await billing('add', 'Umbrella', '--id', id)).out).toContain('is there already, active');
    expect(await typesOf(id)).toEqual(['TenantAdded']);
  });

  it('suspends, reinstates, and lists them newest first, without the platform itself', async () => {
    const { id } = shown(await billing('add', 'Late payer', '--json')) as { id: string };
    const suspended = await billing('suspend', id, '--reason', 'OPS-1', '--json');
    expect(shown(suspended)).toMatchObject({ id, status: 'suspended' });
    expect((await billing('suspend', id, '--reason', 'OPS-2')).out).toContain('is suspended');
    const lines = (await billing('list', '--json')).out.trim().split('\n');
    expect(lines[0]).toMatch(new RegExp(`^\\{"id":"${id}","name":"Late payer","status":"suspended"`));
    expect(lines.join()).not.toContain(platformTenantId);
    expect((await billing('list')).out).toMatch(new RegExp(`${id}.*Late payer.*suspended`));
    expect((await billing('reinstate', id, '--reason', 'OPS-1')).out).toBe(`${id} (Late payer) is active\n`);
    expect(await typesOf(id)).toEqual(['TenantAdded', 'TenantSuspended', 'TenantReinstated']);
  });

  it.each([
    ['a blank name', /name/, ['add', ' ']],
    ['a name of two lines', /control characters/, ['add', 'two\nlines']],
    ['an id that is none', /UUID/, ['add', 'Acme', '--id', 'acme']],
    ["the platform's id", /leave the id out/, ['add', 'Platform', '--id', platformTenantId]],
    ['a tenant that is not there', /there is no tenant/, ['suspend', randomUUID(), '--reason', 'OPS-1']],
    ['the platform itself', /there is no tenant/, ['reinstate', platformTenantId, '--reason', 'OPS-1']],
    ['no reason', /--reason/, ['suspend', randomUUID()]],
    ['a reason with an address in it', /no personal data/, ['suspend', randomUUID(), '--reason', 'jane@example.com']],
  ])('refuses %s with one line and 64', async (_, words, args) => {
    const { code, out, err } = await billing(...args);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toMatch(words);
    expect(err).toMatch(/^error: [^\n]+\n$/);
  });
});
