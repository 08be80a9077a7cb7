import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
});
