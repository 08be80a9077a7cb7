import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { formatVerifierKey } from '#audit';

import { someMoney } from '../../../libs/projections/testing/projected.js';
import type { OldLog } from '../../../test/retention/old-log.js';
import { openOldLog } from '../../../test/retention/old-log.js';
import type { Ran } from '../testing/run-command.js';
import { runCommand } from '../testing/run-command.js';
import { retentionCommand } from './index.js';

let old: OldLog;
beforeAll(async () => {
  old = await openOldLog();
  const { writer, tenantId } = old.projected;
  await writer.write(someMoney(tenantId, 5));
  await old.age(9, 0);
  await writer.write(someMoney(tenantId, 1));
  await old.projected.project();
});
afterAll(() => old.close());

const retention = (...args: string[]): Promise<Ran> =>
  runCommand(
    retentionCommand({
      BILLING_ENV: 'test',
      DATABASE_URL: old.projected.database.adminUrl,
      BILLING_DATA_DIR: old.directory,
      AUDIT_LOG: join(old.directory, 'log'),
      AUDIT_ORIGIN: old.signer.key.name,
    }),
    args,
  );
const recordedAs = async (): Promise<string[]> => {
  const { rows } = await old.projected.database.admin.query<{ action: string }>(
    `select data::jsonb ->> 'action' as action from billing.event where type = 'PrivilegedAccessGranted' order by recorded_at`,
  );
  return rows.map(({ action }) => action);
};

describe('billing retention', () => {
  it('archives, tells, holds, releases and removes, and is in the access log with each of them', async () => {
    const { tenantId } = old.projected;
    await expect(retention('archive')).rejects.toThrow('has no published audit log');
    await old.seal();
    await writeFile(join(old.directory, 'log', 'vkey'), `${formatVerifierKey(old.signer.key)}\n`);
    const archived = await retention('archive', '--reason', 'OPS-1');
    expect(archived).toMatchObject({ code: 0, out: expect.stringContaining('Archived and verified 1 of 1') as string });
    expect((await retention('archive')).out).toContain('archived before');
    expect(await readdir(join(old.directory, 'archive', 'events'))).toHaveLength(1);

    const held = await retention('hold', tenantId, '--reason', 'CASE-1', '--json');
    const { id } = JSON.parse(held.out) as { id: string };
    const kept = JSON.parse((await retention('remove', '--dry-run', '--json')).out) as { kept: object };
    expect(kept).toEqual({ dryRun: true, removed: 0, kept: { held: 24 } });
    expect((await retention('status')).out).toContain(id);
    expect((await retention('release', id, '--reason', 'CASE-1')).out).toContain('is released');
    expect((await retention('status')).out).toMatch(
      /No legal hold is in force\.\n1 months of shards are archived, 24 events\./,
    );

    expect((await retention('remove', '--dry-run')).out).toContain('24 events would be removed');
    expect((await retention('remove', '--reason', 'OPS-2')).out).toMatch(/24 events were removed\.\n.*rebuild all/);
    expect((await retention('remove')).out).toContain('0 events were removed');
    expect(JSON.parse((await retention('status', '--json')).out)).toMatchObject({
      removedEvents: 24,
      due: expect.any(Number) as number,
    });
    expect(await recordedAs()).toEqual([
      ...['archive', 'archive', 'archive', 'hold', 'release', 'remove', 'remove'].map((name) => `retention.${name}`),
    ]);
  });

  it('says what was asked for wrongly, and does nothing', async () => {
    const nobody = '33333333-3333-4333-8333-333333333333';
    expect(await retention('hold', nobody, '--reason', 'CASE-1')).toMatchObject({
      ...{ code: 64, err: expect.stringContaining('there is no tenant') as string },
    });
    const stream = await retention('hold', old.projected.tenantId, '--stream', 'payment-x', '--reason', 'CASE-1');
    expect([stream.code, stream.err]).toEqual([64, expect.stringContaining('there is no stream payment-x')]);
    expect((await retention('release', nobody, '--reason', 'CASE-1')).err).toContain('no legal hold');
    expect((await retention('hold', 'x', '--reason', 'CASE-1')).code).toBe(64);
  });
});
