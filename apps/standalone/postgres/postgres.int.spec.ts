import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { once } from 'node:events';

import pg from 'pg';

import { type EmbeddedPostgres, RefusedToStart, startEmbeddedPostgres } from './index.js';

const lines: string[] = [];
const running: EmbeddedPostgres[] = [];
const folders: string[] = [];

const newFolder = async (): Promise<string> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'billing-postgres-')));
  folders.push(folder);
  return folder;
};

const start = async (dataDirectory: string, more: { reservedPort?: number; fsync?: boolean } = {}) => {
  const server = await startEmbeddedPostgres({ dataDirectory, log: (line) => lines.push(line), fsync: false, ...more });
  running.push(server);
  return server;
};

const ask = async (url: string, sql: string): Promise<string> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, string>>(sql);
    return Object.values(rows[0] ?? {})[0] ?? '';
  } finally {
    await client.end();
  }
};

const mode = async (file: string): Promise<string> => ((await stat(file)).mode & 0o777).toString(8);

beforeEach(() => {
  lines.length = 0;
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describe('the embedded Postgres', () => {
  it('is durable, on loopback alone, closed to whoever lacks the password, and keeps its data', async () => {
    const folder = await newFolder();
    const first = await start(folder, { fsync: true });
    const settings = `select concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'),
      current_setting('listen_addresses'), current_setting('server_encoding'), current_setting('data_checksums'),
      current_setting('unix_socket_directories'))`;
    expect(await ask(first.adminUrl, settings)).toBe('on on 127.0.0.1 UTF8 on ');
    const wrong = new URL(first.adminUrl);
    wrong.password = 'wrong';
    await expect(ask(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
    expect(await mode(join(folder, 'postgres-password'))).toBe('600');
    expect(await mode(first.pgdata)).toBe('700');

    await ask(first.adminUrl, 'create table kept as select 7 as seven');
    await first.stop();
    await first.stop();
    const second = await start(folder, { fsync: true });
    expect(second.adopted).toBe(false);
    expect(await ask(second.adminUrl, 'select seven::text from kept')).toBe('7');
    expect(lines).toEqual(['creating the database']);
  });

  it('is taken over where a run left it running, and told of when it ends by itself', async () => {
    const folder = await newFolder();
    const orphan = await start(folder);
    const adopted = await start(folder);
    expect(adopted).toMatchObject({ adopted: true, pid: orphan.pid, port: orphan.port, adminUrl: orphan.adminUrl });

    const ends = [orphan, adopted].map(
      (server) =>
        new Promise<string>((resolve) => {
          server.onExit(resolve);
        }),
    );
    process.kill(orphan.pid, 'SIGKILL');
    expect(await Promise.all(ends)).toEqual(['SIGKILL', 'it is gone']);
    const again = await start(folder, { reservedPort: orphan.port });
    expect(again).toMatchObject({ adopted: false, port: orphan.port });
  });

  it('starts over the lock of a dead server whose process number another program has now', async () => {
    const folder = await newFolder();
    const dead = await start(folder);
    const lock = join(dead.pgdata, 'postmaster.pid');
    const text = await readFile(lock, 'utf8');
    await dead.stop();
    await writeFile(lock, text.replace(String(dead.pid), String(process.pid)), { mode: 0o644 });
    expect((await start(folder)).adopted).toBe(false);
  });

  it('starts after an initialisation that was cut off', async () => {
    const folder = await newFolder();
    await mkdir(join(folder, 'postgres.unfinished-1'));
    await writeFile(join(folder, 'postgres.unfinished-1', 'PG_VERSION'), '18');
    await start(folder);
    expect((await readdir(folder)).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  it('names the port it was told to use when that is taken', async () => {
    const folder = await newFolder();
    const blocker: Server = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    try {
      await expect(start(folder, { reservedPort: port })).rejects.toThrow(`port ${port} on 127.0.0.1`);
    } finally {
      blocker.close();
    }
  });

  it('refuses data that it cannot open, in a line that names the file', async () => {
    const folder = await newFolder();
    const server = await start(folder);
    await server.stop();
    await rm(join(folder, 'postgres-password'));
    const attempt = start(folder);
    await expect(attempt).rejects.toThrow(RefusedToStart);
    await expect(attempt).rejects.toThrow(`${folder}/postgres-password is missing`);
  });

  it('serves from a folder that is closed to others; for root, whose Postgres is one of those, from another place', async () => {
    const closed = await newFolder();
    await chmod(closed, 0o700);
    const folder = join(closed, 'billing-service', '.billing');
    const server = await start(folder);
    expect(await ask(server.adminUrl, 'select 1::text')).toBe('1');
    if (process.getuid?.() !== 0) {
      expect(server.pgdata).toBe(join(folder, 'postgres'));
      return;
    }
    const home = dirname(server.pgdata);
    expect(lines[0]).toContain(`the database is kept in ${home}`);
    expect((await readFile(join(folder, 'postgres-location'), 'utf8')).trim()).toBe(home);
    await server.stop();
    const again = await start(folder);
    expect(again.pgdata).toBe(server.pgdata);
    await again.stop();

    await rm(home, { recursive: true });
    await expect(start(folder)).rejects.toThrow(`was kept in ${home}, which is gone`);
  });
});
