import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { webhookSecretForm } from '#platform/configuration';

import { readSettings } from './settings.js';
import { webhookSecrets } from './webhook-secrets.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'billing-secrets-'));
});
afterEach(() => rm(folder, { recursive: true }));

const secretsOf = (environment: NodeJS.ProcessEnv = {}) =>
  webhookSecrets(readSettings({ BILLING_DATA_DIR: folder, ...environment }));

describe('the secrets of webhooks', () => {
  it('are made once for the sandbox, two different ones, in a file for its owner alone', async () => {
    const made = await secretsOf();
    expect(made.platform).toMatch(webhookSecretForm);
    expect(made.connect).toMatch(webhookSecretForm);
    expect(made.platform).not.toBe(made.connect);
    const file = join(folder, 'webhook-secrets.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(made);
    expect(await secretsOf()).toEqual(made);
  });

  it('are those that the reader gave, where there are some', async () => {
    const given = await secretsOf({ STRIPE_WEBHOOK_SECRET: 'whsec_fromStripeCli' });
    expect(given.platform).toBe('whsec_fromStripeCli');
    expect(given.connect).toMatch(webhookSecretForm);
  });

  it('are not made up for Stripe itself', async () => {
    expect(await secretsOf({ STRIPE_API_KEY: 'sk_test_1' })).toEqual({ platform: undefined, connect: undefined });
    await expect(stat(join(folder, 'webhook-secrets.json'))).rejects.toThrow('ENOENT');
  });

  it('stop the start, with a line that quotes nothing, where the file is open to others or no such file', async () => {
    const file = join(folder, 'webhook-secrets.json');
    await writeFile(file, 'hush', { mode: 0o600 });
    await expect(secretsOf()).rejects.toThrow(/^[^\n]*webhook-secrets\.json holds no webhook secrets[^\n]*$/);
    await writeFile(file, '{}', { mode: 0o600 });
    await expect(secretsOf()).rejects.toThrow('holds no webhook secrets');
    await rm(file);
    await writeFile(file, '{}', { mode: 0o644 });
    await expect(secretsOf()).rejects.toThrow('chmod 600');
  });
});
