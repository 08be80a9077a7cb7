import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AuditKeyRegister, verifierKeyOf } from '#audit-log/keys';
import { LogSigning, openKeyManagement } from '#keys';
import { ConfigurationError, readConfiguration } from '#platform/configuration';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import { freePorts } from '../../test/kafka/ports.js';
import { start } from './main.js';
import { openMerkleAnchorParts } from './merkle-anchor.parts.js';

let database: TestDatabase;
let directory: string;
beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'billing-anchor-'));
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  BILLING_ENV: 'test',
  BILLING_DATA_DIR: directory,
  DATABASE_URL: database.url('billing_merkle_anchor'),
  LOG_LEVEL: 'silent',
  ...more,
});

describe('the app', () => {
  it('does not start with a wrong setting, or a policy of witnesses that cannot be read', async () => {
    await expect(start(environment({ AUDIT_ORIGIN: 'https://x' }))).rejects.toThrow(ConfigurationError);
    const lost = environment({ AUDIT_WITNESSES: join(directory, 'none') });
    await expect(start(lost)).rejects.toThrow('AUDIT_WITNESSES');
  });

  it('is not ready while no key signs the log, says which command to run, and writes nothing', async () => {
    const parts = await openMerkleAnchorParts(readConfiguration(environment()));
    parts.anchor.start();
    await expect(parts.isReady()).rejects.toThrow('has not been opened yet');
    while (parts.anchor.failures === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const command = expect.stringContaining('run billing audit keys introduce NAME') as string;
    await expect(parts.isReady()).rejects.toMatchObject({ message: command });
    const told = await parts.metrics.metrics();
    expect(told).toContain('billing_audit_stopped{reason="forked",app="merkle-anchor"} 0');
    expect(told).toMatch(/billing_audit_failures_total\{app="merkle-anchor"\} [1-9]/);
    await parts.anchor.close();
    await parts.close();
    await expect(readFile(join(directory, 'audit/log/checkpoint'))).rejects.toThrow('ENOENT');
  });

  it('tells whoever asks whether it is ready, too, which command to run while no key signs the log', async () => {
    const [port = 0] = await freePorts(1);
    const app = await start(environment({ METRICS_PORT: String(port) }));
    const ready = async () => {
      const answer = await fetch(`http://127.0.0.1:${String(port)}/readyz`);
      return { status: answer.status, body: (await answer.json()) as { warnings?: unknown[] } };
    };
    let answer = await ready();
    while (!answer.body.warnings) answer = await ready(); // it has not looked yet
    const message = expect.stringContaining('run billing audit keys introduce NAME') as string;
    expect(answer).toEqual({
      status: 503,
      body: { status: 'not_ready', warnings: [{ code: 'audit_log_failing', message }] },
    });
    await app.close();
  });

  it('lets every user of the machine read what of the log is public, and nobody but its own what an anchor keeps', async () => {
    const configuration = readConfiguration(environment());
    const { origin } = configuration.audit;
    const kms = new LogSigning({ app: 'operator', kms: await openKeyManagement(configuration.kms, 'test') });
    const register = new AuditKeyRegister({ pool: database.admin, origin });
    await register.introduce(await verifierKeyOf(kms, 'audit-1', origin), 'audit-1', new Date().toISOString());
    const parts = await openMerkleAnchorParts(configuration);
    parts.anchor.start();
    const log = join(directory, 'audit/log');
    for (let tries = 0; tries < 2_000 && !existsSync(join(log, 'keys/001')); tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await parts.anchor.close();
    await parts.close();
    const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    const less = (mode: number) => (mode & ~process.umask()).toString(8);
    for (const file of ['checkpoint', 'vkey', 'keys/001', 'tile/0/000.p/1', 'tile/entries/000.p/1'])
      expect([file, await modeOf(join(log, file))]).toEqual([file, less(0o644)]);
    for (const folder of ['', 'keys', 'tile', 'tile/entries'])
      expect([folder, await modeOf(join(log, folder))]).toEqual([folder, less(0o755)]);
    expect(await modeOf(join(directory, 'audit/anchor'))).toBe('700');
  });

  it('reads no more of a file of the log than one of its kind can have', async () => {
    await writeFile(join(directory, 'audit/log/checkpoint'), Buffer.alloc(1_000_001));
    const parts = await openMerkleAnchorParts(readConfiguration(environment()));
    parts.anchor.start();
    for (let tries = 0; tries < 2_000 && parts.anchor.standing.state !== 'stopped'; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(parts.isReady()).rejects.toThrow('and is not read: find out who wrote it');
    await parts.anchor.close();
    await parts.close();
  });
});
