import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

// Whole processes run compiled code.
const program = fileURLToPath(new URL('../../dist/apps/standalone/testing/main.js', import.meta.url));

interface Started {
  child: ChildProcess;
  port: number;
  output: () => string;
  ended: Promise<number | null>;
}

const started: Started[] = [];
let folder = '';

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const launch = async (environment: NodeJS.ProcessEnv = {}, ownGroup = false): Promise<Started> => {
  const port = await freePort();
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, PORT: String(port), BILLING_DATA_DIR: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const run = { child, port, output: () => output, ended };
  started.push(run);
  return run;
};

const until = async <T>(what: string, attempt: () => Promise<T | undefined | false>): Promise<T> => {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const result = await attempt().catch(() => undefined);
    if (result !== undefined && result !== false) return result;
    if (Date.now() > deadline) throw new Error(`${what} did not happen; so far:\n${started.at(-1)?.output()}`);
    await sleep(25);
  }
};

interface Who {
  role: string;
  pid: number;
  key?: string;
  inherited: string[];
}
const who = async ({ port }: Started): Promise<Who> =>
  (await (await fetch(`http://127.0.0.1:${port}/who`)).json()) as Who;
const serving = (run: Started, since = 0): Promise<Who> =>
  until('serving', async () => {
    const found = await who(run);
    return found.pid !== since && found;
  });
const readyToStop = (run: Started): Promise<boolean> =>
  until('the banner', () => Promise.resolve(run.output().includes('Ctrl-C')));
/** A slow request is under way. */
const begun = (run: Started): Promise<boolean> =>
  until('the slow request', () => Promise.resolve(run.output().includes('slow request begun')));
const postmaster = async (): Promise<number> =>
  Number((await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0]);
/** A zombie, which some containers never reap, is not alive. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self/stat') || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

beforeAll(async () => {
  if (!existsSync(program)) throw new Error('this spec runs compiled code: use `npm test -- PATTERN`, which builds it');
  folder = await realpath(await mkdtemp(join(tmpdir(), 'billing-standalone-')));
  await chmod(folder, 0o700);
});
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the standalone', () => {
  it('gives each app its role, refuses a second run, starts again what crashes, and drains before it stops', async () => {
    const run = await launch({ STRIPE_API_KEY: 'sk_test_1' });
    const first = await serving(run);
    expect(first).toMatchObject({ role: 'billing_api', inherited: [] });
    expect(first.key).toBeUndefined();
    await readyToStop(run);
    expect(run.output()).toContain(`curl -s http://127.0.0.1:${run.port}/v1/customers`);
    for (const name of ['postgres-password', 'role-secret', 'lock', 'run.json', 'postgres.log']) {
      expect([name, (await stat(join(folder, name))).mode & 0o077]).toEqual([name, 0]);
    }

    const second = await launch();
    expect(await second.ended).toBe(78);
    expect(second.output().trim().split('\n')).toEqual([
      expect.stringContaining(`${folder} is in use by process ${run.child.pid} since`),
    ]);

    await fetch(`http://127.0.0.1:${run.port}/crash`).catch(() => undefined);
    const restarted = await serving(run, first.pid);
    expect(run.output()).toContain('front ended (exit code 3), starting it again');

    process.kill(await postmaster(), 'SIGKILL');
    await until('a new Postgres', () => Promise.resolve(run.output().includes('Postgres ended (SIGKILL)')));
    expect((await serving(run)).pid).toBe(restarted.pid);

    const slow = fetch(`http://127.0.0.1:${run.port}/slow/1000`).then((response) => response.text());
    await begun(run);
    const postgres = await postmaster();
    // A terminal, npm and the launcher: one Ctrl-C comes three times, and to the processes too.
    for (let times = 0; times < 3; times++) run.child.kill('SIGINT');
    process.kill(restarted.pid, 'SIGINT');
    expect(await slow).toBe('drained');
    expect(await run.ended).toBe(0);
    expect([restarted.pid, postgres].filter(isAlive)).toEqual([]);
    expect(existsSync(join(folder, 'run.json'))).toBe(false);
  });

  it('leaves nothing but Postgres when it is killed, and takes that over', async () => {
    const killed = await launch();
    const { pid } = await serving(killed);
    await readyToStop(killed);
    const postgres = await postmaster();
    killed.child.kill('SIGKILL');

    const next = await launch({ PORT: String(killed.port) });
    next.port = killed.port;
    await serving(next, pid);
    expect(isAlive(pid)).toBe(false);
    expect(await postmaster()).toBe(postgres);
    expect(next.output()).toContain(`took over the Postgres that an earlier run left running (process ${postgres})`);
    next.child.kill('SIGTERM');
    expect(await next.ended).toBe(0);
    expect(existsSync(join(folder, 'postgres', 'postmaster.pid'))).toBe(false);
  });

  it('drains in its order when the whole process group is told to end', async () => {
    const run = await launch({ SPEC_TELL_CLOSE: '1' }, true);
    await serving(run);
    await readyToStop(run);
    const slow = fetch(`http://127.0.0.1:${run.port}/slow/1000`).then((response) => response.text());
    await begun(run);
    process.kill(-(run.child.pid ?? NaN), 'SIGTERM');
    expect(await slow).toBe('drained');
    expect(await run.ended).toBe(0);
    expect(run.output().trim().split('\n').slice(-3)).toEqual(['stopping', 'web app closed', 'idle app closed']);
  });

  it('stops at once for a reader in a hurry', async () => {
    const run = await launch();
    await serving(run);
    await readyToStop(run);
    const slow = fetch(`http://127.0.0.1:${run.port}/slow/8000`).catch(() => 'cut off');
    await begun(run);
    run.child.kill('SIGINT');
    await sleep(1_200);
    run.child.kill('SIGINT');
    expect(await slow).toBe('cut off');
    expect(await run.ended).toBe(0);
    expect(existsSync(join(folder, 'postgres', 'postmaster.pid'))).toBe(false);
  });

  it.each([
    [
      'a taken port',
      async () => ({ PORT: String(await takenPort()) }),
      /^billing: port \d+ of 127\.0\.0\.1 is taken: .* set PORT$/,
    ],
    ['a port that is none', () => Promise.resolve({ PORT: '70000' }), /^billing: PORT must be a port number/],
    [
      'a database that does not answer',
      async () => ({ DATABASE_URL: `postgres://u:secret@127.0.0.1:${await freePort()}/x` }),
      /^billing: DATABASE_URL: cannot connect \((?!.*secret).*\)$/,
    ],
    [
      'an app that refuses its settings',
      () => Promise.resolve({ SPEC_REFUSE: '1' }),
      /^billing: api: SPEC_REFUSE must not be set$/,
    ],
  ])('refuses %s in one line, exit code 78', async (_, environment, line) => {
    const run = await launch(await environment());
    expect(await run.ended).toBe(78);
    expect(run.output().trim()).toMatch(line);
  });
});

const blockers: ReturnType<typeof createServer>[] = [];
const takenPort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  blockers.push(server);
  return (server.address() as AddressInfo).port;
};
afterAll(() => {
  for (const server of blockers) server.close();
});
