import { execFileSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConfigurationError } from '../configuration/index.js';
import { createLogger } from '../logging/index.js';
import { createMetrics } from '../metrics/index.js';
import { authoritiesOf, denyListOf, losesEntry } from './client-lists.js';
import type { Followed } from './followed-file.js';
import { FollowedFiles } from './followed-file.js';
import { Following } from './following.js';
import { clientCertificate, idOf, newAuthority } from './testing/authority.js';
import { constrainedTo, issueOdd, ofAuthority } from './testing/path.js';
import { until } from './testing/visit.js';
import { listOf } from './testing/who.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'billing-following-'));
});
afterEach(() => rm(directory, { recursive: true }));

const file = (name: string) => join(directory, name);
const write = async (name: string, content: string): Promise<string> => {
  await writeFile(file(`${name}.new`), content);
  await rename(file(`${name}.new`), file(name));
  return file(name);
};
const fifo = (name: string): string => {
  execFileSync('mkfifo', [file(name)]);
  return file(name);
};
const denyList = (path: string) => new FollowedFiles('TLS_CLIENT_DENY', [path], denyListOf, { loses: losesEntry });
const told = (path: string, parse: (texts: readonly string[]) => unknown = () => undefined) => {
  try {
    return new FollowedFiles('TLS_FILE', [path], parse).setting;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.message;
  }
};

/** Follows `files` until `work` is done. */
const following = async (
  files: readonly Followed[],
  work: (seen: { logged: string[]; stale: () => Promise<string> }) => Promise<void>,
) => {
  const logged: string[] = [];
  const metrics = createMetrics('following');
  const nothing = () => undefined;
  const followed = new Following({
    files,
    notAfter: nothing,
    changed: nothing,
    looked: nothing,
    logger: createLogger({ app: 'following', level: 'info', write: (line) => logged.push(line) }),
    metrics,
    everyMs: 20,
  });
  followed.start();
  await work({ logged, stale: () => metrics.getSingleMetricAsString('billing_tls_file_refused') });
  followed.close();
};

describe('a followed file', () => {
  it('is a regular one: a FIFO is not waited for, neither when the process starts nor later', async () => {
    expect(told(fifo('pipe'))).toBe(`TLS_FILE: ${file('pipe')} cannot be read (no regular file)`);
    expect(told(directory)).toContain('no regular file');
    const list = denyList(await write('deny', listOf([])));
    await rm(file('deny'));
    fifo('deny');
    expect(await list.look()).toEqual({
      outcome: 'refused',
      why: expect.stringContaining('no regular file') as string,
    });
  });

  it('that hangs is told of, and keeps nobody from looking at the others, nor from closing', async () => {
    const read = () => new Promise<string>(() => undefined);
    const hanging = async (setting: string, ms: number) =>
      new FollowedFiles(setting, [await write(setting, '')], ([text]) => text, { patience: { read, ms } });
    const list = denyList(await write('deny', listOf([])));
    const files = [await hanging('TLS_CERT', 100), await hanging('TLS_CLIENT_CA', 60_000), list];
    await following(files, async ({ logged, stale }) => {
      await write('deny', listOf([idOf('shop')]));
      await until('the denial', () => Promise.resolve(list.value.has(idOf('shop'))));
      await until('the metric', async () => /"TLS_CERT"[^}]*} 1/.test(await stale()));
      expect(await stale()).toMatch(/"TLS_CLIENT_DENY"[^}]*} 0/);
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(logged.filter((line) => line.includes('cannot be read (no answer in 0.1 s)'))).toHaveLength(1);
    });
  });
});

describe('a list', () => {
  const shop = listOf([idOf('shop')]);

  it.each([
    ['is empty, as whoever writes in place leaves it first', ''],
    ['stops within its last line', `${shop}${idOf('ti')}`],
  ])('that %s changes nothing, and no process starts with it', async (_, content) => {
    const list = denyList(await write('deny', shop));
    await write('deny', content);
    expect(await list.look()).toMatchObject({ outcome: 'refused' });
    expect([list.isStale, [...list.value]]).toEqual([true, [idOf('shop')]]);
    expect(told(file('deny'), denyListOf)).toContain('TLS_FILE: a list ends with the end of a line');
    await write('deny', shop);
    await list.look();
    expect(list.isStale).toBe(false);
  });

  it('has lost a line when two looks have seen it so, and gained one at the first', async () => {
    const list = denyList(await write('deny', shop));
    await write('deny', listOf([idOf('shop'), idOf('till')]));
    expect(await list.look()).toEqual({ outcome: 'changed' });
    await write('deny', listOf([idOf('till')]));
    expect(await list.look()).toEqual({ outcome: 'same' });
    expect([...list.value]).toEqual([idOf('shop'), idOf('till')]);
    await write('deny', listOf([]));
    expect(await list.look()).toEqual({ outcome: 'same' });
    expect(await list.look()).toEqual({ outcome: 'changed' });
    expect([...list.value]).toEqual([]);
  });
});

describe('a file of authorities', () => {
  const read = async (pem: string) => told(await write('ca.pem', pem), authoritiesOf);
  const odd = { commonName: 'odd', extensions: ofAuthority() };

  it('may hold those between beside their root, and expired ones beside good ones', async () => {
    const authority = await newAuthority();
    const between = await issueOdd(odd, authority);
    const expired = await issueOdd({ ...odd, notAfter: new Date(Date.now() - 1_000) });
    expect(await read(between.certificatePem + authority.certificatePem + expired.certificatePem)).toBe('TLS_FILE');
  });

  it('cannot be used where nobody could come in by it, or who should not', async () => {
    const authority = await newAuthority();
    const between = await issueOdd(odd, authority);
    const hour = 3_600_000;
    const expired = await issueOdd({ ...odd, notAfter: new Date(Date.now() - 1_000) });
    const early = await issueOdd({ ...odd, notBefore: new Date(Date.now() + hour / 2) });
    const constrained = await issueOdd({ ...odd, extensions: [...ofAuthority(), constrainedTo()] });
    const leaf = await clientCertificate(authority, 'shop');
    for (const [pem, why] of [
      [expired.certificatePem, 'holds no authority that is in its time'],
      [expired.certificatePem + early.certificatePem, 'holds no authority that is in its time'],
      [between.certificatePem, 'an authority without the root that it leads to (serial'],
      [constrained.certificatePem, 'an authority with name constraints'],
      [leaf.certificatePem, "a certificate that is no authority's"],
      [authority.certificatePem + between.certificatePem.slice(0, 200), 'or the half of one'],
      ['', 'must hold certificates of authorities'],
    ] as const)
      expect(await read(pem)).toContain(why);
  });
});
