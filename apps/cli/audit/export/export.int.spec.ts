import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { signerOf } from '../../../../libs/audit/testing/keys.js';
import { SealedWorld, layOut, sealed } from '../../../../test/audit-tampering/sealed-world.js';

const signer = signerOf('audit.example.com/billing', 1);
const size = 300;

let world: SealedWorld;
beforeAll(async () => {
  world = await SealedWorld.open(size, signer);
}, 60_000);
afterAll(() => world.close());

const exporting = (...args: string[]) => world.operator('audit', 'export', '--quiet', '--json', ...args);
/** Puts the log of the first `count` events where the service keeps it. */
const seal = async (count: number) => layOut(await sealed(world.entries.slice(0, count), signer), world.source);
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

describe('billing audit export', () => {
  it('brings what is new the next time, and nothing twice', async () => {
    const dir = world.fresh('export');
    await seal(200);
    const first = await exporting('--dir', dir);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.out)).toMatchObject({
      ok: true,
      size: 200,
      files: { copied: 2, present: 0 },
      opened: null,
    });
    await seal(size);
    const second = await exporting('--dir', dir);
    expect(JSON.parse(second.out)).toMatchObject({ size, files: { copied: 5, present: 0 } });
    const third = await exporting('--dir', dir);
    expect(JSON.parse(third.out)).toMatchObject({ size, files: { copied: 0, present: 5 } });
    expect(await readdir(dir)).not.toContain('openings');
    expect(await modeOf(join(dir, 'tile/0/000'))).toBe('644');
  });

  it('is whole again where it was interrupted, and finds a file that was harmed', async () => {
    const dir = world.fresh('export');
    await exporting('--dir', dir);
    await rm(join(dir, 'tile/0/000'));
    await rm(join(dir, 'checkpoint'));
    expect(await exporting('--dir', dir)).toMatchObject({ code: 0 });
    const bytes = await readFile(join(dir, 'tile/0/000'));
    await writeFile(join(dir, 'tile/0/000'), bytes.with(3, (bytes[3] ?? 0) ^ 1));
    const ran = await exporting('--dir', dir);
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([1, { ok: false, finding: { kind: 'leaf', index: 0 } }]);
  });

  it('does not copy a file that is larger than its kind can be, and says in one line which', async () => {
    const tile = join(world.source, 'tile/0/000');
    const bytes = await readFile(tile);
    await writeFile(tile, Buffer.concat([bytes, Buffer.alloc(32)]));
    const dir = world.fresh('export');
    try {
      await expect(exporting('--dir', dir)).rejects.toThrow(
        /^malformed tile\/0\/000: it has more than 8192 bytes, and is not read: find out who wrote it$/,
      );
    } finally {
      await writeFile(tile, bytes);
    }
    await expect(stat(join(dir, 'tile/0/000'))).rejects.toThrow('ENOENT');
  });

  it('leaves the checkpoint of an earlier export where the log does not extend it', async () => {
    const dir = world.fresh('export');
    await exporting('--dir', dir);
    await seal(200);
    const ran = await exporting('--dir', dir);
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([1, { finding: { kind: 'rolled_back', index: 200 } }]);
    expect(await readFile(join(dir, 'checkpoint'), 'utf8')).toBe(world.log.checkpoint);
    await seal(size);
  });

  it('writes nowhere but into a folder that was named', async () => {
    const file = world.fresh('a-file');
    await writeFile(file, '');
    for (const [dir, why] of [
      ['', '--dir names a folder'],
      [file, `--dir: ${file} is no folder`],
    ] as const) {
      const ran = await exporting('--dir', dir);
      expect([ran.code, ran.out, ran.err]).toEqual([64, '', `error: ${why}\n`]);
    }
  });

  it('has the openings of one tenant for their owner, private, and says whose they are', async () => {
    const dir = world.fresh('export');
    const { tenantId } = world.events[0] ?? { tenantId: '' };
    const theirs = world.events.filter((event) => event.tenantId === tenantId).length;
    const ran = await exporting('--dir', dir, '--openings', '--tenant', tenantId, '--reason', 'AUDIT-7');
    expect([ran.code, JSON.parse(ran.out)]).toMatchObject([0, { opened: theirs }]);
    for (const [path, mode] of [
      ['openings', '700'],
      ['openings/000.ndjson', '600'],
      ['checkpoint', '644'],
    ] as const) {
      expect([path, await modeOf(join(dir, path))]).toEqual([path, mode]);
    }
    const lines = (await readFile(join(dir, 'openings/000.ndjson'), 'utf8')).split('\n').filter((line) => line !== '');
    for (const line of lines) {
      const { opening } = JSON.parse(line) as { opening: { event: string } };
      expect(JSON.parse(Buffer.from(opening.event, 'base64').toString())).toMatchObject({ tenantId });
    }
    const outside = await world.verify('--dir', dir, '--json');
    expect(JSON.parse(outside.out)).toMatchObject({ log: { events: { opened: theirs, closed: size - theirs } } });
    const all = await exporting('--dir', dir, '--openings');
    expect([all.code, all.err]).toEqual([64, expect.stringContaining(`holds the openings of ${tenantId}`)]);
    const { rows } = await world.database.admin.query<{ data: string }>(
      `select data from billing.event where tenant_id = $1 and type = 'PrivilegedAccessGranted'`,
      [tenantId],
    );
    expect(rows.map(({ data }) => JSON.parse(data) as object)).toMatchObject([
      { action: 'audit.export', resource: tenantId, reason: 'AUDIT-7' },
    ]);
  });

  it('does not ask for the events that were removed after their retention', async () => {
    const { admin } = world.database;
    const { shard, position } = world.entries[0] ?? { shard: 0, position: 0 };
    await admin.query('create table before as select * from billing.event where shard = $1 and position = $2', [
      shard,
      position,
    ]);
    await admin.query('alter table billing.event disable trigger user');
    await admin.query('delete from billing.event where shard = $1 and position = $2', [shard, position]);
    const gone = await exporting('--dir', world.fresh('export'), '--openings');
    expect([gone.code, JSON.parse(gone.out)]).toMatchObject([
      1,
      { finding: { kind: 'event_missing', index: 0, shard, position } },
    ]);
    await admin.query('insert into billing.event_removed (shard, first_position, last_position) values ($1, $2, $2)', [
      shard,
      position,
    ]);
    const removed = await exporting('--dir', world.fresh('export'), '--openings');
    expect([removed.code, JSON.parse(removed.out)]).toMatchObject([0, { opened: size - 1 }]);
    await admin.query('alter table billing.event_removed disable trigger user');
    await admin.query('delete from billing.event_removed');
    await admin.query('insert into billing.event select * from before');
  });

  it('says what to do where there is nothing to export, or where it must not write', async () => {
    const dir = world.fresh('export');
    const into = await exporting('--dir', join(world.source, 'export'));
    expect([into.code, into.err]).toEqual([64, expect.stringContaining('--dir lies where the log itself does')]);
    const tenant = await exporting('--dir', dir, '--tenant', '11111111-1111-4111-8111-111111111111');
    expect([tenant.code, tenant.err]).toEqual([64, expect.stringContaining('--tenant goes with --openings')]);
    await rm(world.source, { recursive: true });
    await mkdir(world.source);
    await expect(exporting('--dir', dir)).rejects.toThrow(/has no checkpoint yet: the anchor has signed none/);
  });
});
