import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { formatVerifierKey } from '#audit';
import { ConfigurationError } from '#platform/configuration';

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

const retention = (...args: string[]): Promise<Ran> => retentionWith({}, ...args);
const retentionWith = (settings: NodeJS.ProcessEnv, ...args: string[]): Promise<Ran> =>
  runCommand(
    retentionCommand({
      BILLING_ENV: 'test',
      DATABASE_URL: old.projected.database.adminUrl,
      BILLING_DATA_DIR: old.directory,
      AUDIT_LOG: join(old.directory, 'log'),
      AUDIT_ORIGIN: old.signer.key.name,
      ...settings,
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
    const dry = await retention('archive', '--dry-run');
    expect(dry.out).toMatch(/^ {2}\d{4}-\d\d of shard \d+: 24 events\n1 months of shards would be copied to /);
    const [due] = (await retention('archive', '--dry-run', '--json')).out.trim().split('\n');
    const { month, shard } = JSON.parse(due ?? '') as { month: string; shard: number };
    expect(JSON.parse(due ?? '')).toEqual({ dryRun: true, month, shard, events: 24 });
    expect(await retention('verify')).toEqual({ code: 0, out: 'Nothing is archived yet.\n', err: '' });
    expect((await retention('verify', '--month', month)).code).toBe(64);
    for (const other of [
      ['--month', '2001-01'],
      ['--shard', String((shard + 1) % 16)],
    ])
      expect((await retention('archive', '--dry-run', ...other)).out).toContain('archived before');
    expect(await readdir(old.directory)).not.toContain('archive');
    const archived = await retention('archive', '--month', month, '--shard', String(shard), '--reason', 'OPS-1');
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
    expect(await retention('verify', '--month', month)).toEqual({
      ...{ code: 0, out: 'Good: 1 months of shards, 24 events.\n', err: '' },
    });
    expect(JSON.parse((await retention('status', '--json')).out)).toMatchObject({
      removedEvents: 24,
      due: expect.any(Number) as number,
    });
    expect(await recordedAs()).toEqual([
      ...['archive', 'archive', 'archive', 'hold', 'release', 'remove', 'remove'].map((name) => `retention.${name}`),
    ]);
  });

  it('verifies copies of what was removed, and says which is broken, or that it cannot tell', async () => {
    const verified = async (): Promise<[number, unknown]> => {
      const { code, out } = await retention('verify', '--json');
      return [code, JSON.parse(out)];
    };
    const good = { ok: true, months: 1, events: 24, broken: [] };
    expect(await verified()).toEqual([0, good]);
    const broken = (what: string) => ({
      ...{ ...good, ok: false },
      broken: [
        {
          month: expect.any(String) as string,
          shard: expect.any(Number) as number,
          what: expect.stringContaining(what) as string,
        },
      ],
    });
    const files = await readdir(old.directory, { recursive: true });
    const pathOf = (end: string): string => join(old.directory, files.find((file) => file.endsWith(end)) ?? end);
    /** What is said while one byte of a file is another. */
    const whileChanged = async (path: string): Promise<[number, unknown]> => {
      const bytes = await readFile(path);
      const changed = Buffer.from(bytes);
      changed[100] = (changed[100] ?? 0) ^ 1;
      await writeFile(path, changed);
      try {
        return await verified();
      } finally {
        await writeFile(path, bytes);
      }
    };
    expect(await whileChanged(pathOf('.parquet'))).toEqual([1, broken('is not the file that was written')]);
    expect(await whileChanged(pathOf('manifest.json'))).toEqual([1, broken('as it was written')]);
    const entries = files.filter((file) => file.includes('entries/')).sort();
    expect(await whileChanged(pathOf(entries.at(-1) ?? ''))).toEqual([1, broken('leaf')]);
    const vkey = pathOf('vkey');
    const key = await readFile(vkey);
    await writeFile(vkey, 'no key');
    expect(await verified()).toEqual([2, { ok: null, error: expect.any(String) as string }]);
    await writeFile(vkey, key);
    const archive = join(old.directory, 'archive');
    await rename(archive, `${archive}-away`);
    expect(await verified()).toEqual([
      2,
      { ok: null, error: expect.stringContaining('not one of the manifests') as string },
    ]);
    const elsewhere = await retentionWith({ RETENTION_ARCHIVE: join(old.directory, 'another') }, 'verify');
    expect(elsewhere).toMatchObject({
      code: 2,
      err: expect.stringContaining(`was written to directory ${archive}`) as string,
    });
    expect(await retentionWith({ RETENTION_ARCHIVE: `${archive}-away` }, 'verify')).toMatchObject({ code: 0 });
    await rename(`${archive}-away`, archive);
    await expect(retentionWith({ BILLING_ENV: 'nowhere' }, 'verify')).rejects.toThrow(ConfigurationError);
    expect((await retention('verify', '--shard', '16')).code).toBe(64);
    expect((await retention('verify', '--month', '2019-13')).err).toContain('YYYY-MM');
    expect(await verified()).toEqual([0, good]);
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
