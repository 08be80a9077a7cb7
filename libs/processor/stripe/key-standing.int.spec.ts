import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { StripeSandbox } from '#stripe-sandbox';
import { startStripeSandbox } from '#stripe-sandbox';

import { accountOfKey, keyStandingOf } from './index.js';
import { neededPermissions } from './permissions/index.js';

let sandbox: StripeSandbox;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'key-standing-'));
  sandbox = await startStripeSandbox({ directory, port: 0 });
});
afterAll(async () => {
  await sandbox.close();
  await rm(directory, { recursive: true });
});

const standing = (apiKey: string) => keyStandingOf({ apiKey, apiBase: sandbox.url });

describe('the standing of a key', () => {
  it('tells whose it is, and that a secret one may do everything', async () => {
    const account = await accountOfKey({ apiKey: 'sk_test_all', apiBase: sandbox.url });
    expect(account).toMatch(/^acct_/);
    expect(await standing('sk_test_all')).toEqual({ account, livemode: false, restricted: false, missing: [] });
    expect(await standing('rk_test_all')).toEqual({ account, livemode: false, restricted: true, missing: [] });
  });

  it.each(neededPermissions)('says that a restricted one lacks %s', async (permission) => {
    const { missing } = await standing(`rk_test_without_${permission.replace('.', '_')}_x`);
    expect(missing).toEqual([permission]);
  });

  it('says so of all that it lacks, and nothing of the account where it may not ask', async () => {
    expect(await standing('rk_test_without_refunds_write_without_accounts_read')).toMatchObject({
      account: '',
      missing: ['accounts.read', 'refunds.write'],
    });
  });

  it('is none for a key that is not known or was revoked, or where nobody answers', async () => {
    const revoked = 'sk_test_revoked';
    await fetch(`${sandbox.url}/sandbox/keys`, { method: 'POST', body: JSON.stringify({ revoke: revoked }) });
    await expect(standing(revoked)).rejects.toMatchObject({ reason: 'api_key_refused' });
    await expect(standing('sk_live_x')).rejects.toMatchObject({ reason: 'api_key_refused' });
    await expect(keyStandingOf({ apiKey: 'sk_test_x', apiBase: 'http://127.0.0.1:9' })).rejects.toMatchObject({
      reason: 'ECONNREFUSED',
    });
  });
});
