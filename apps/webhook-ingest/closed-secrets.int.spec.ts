import { KeyManagementUnavailable } from '#keys';

import type { RunningIngest } from './testing/running-ingest.js';
import { eventBody, seconds, secret, signed, startIngest } from './testing/running-ingest.js';
import { openWebhookIngestParts } from './webhook-ingest.parts.js';

let ingest: RunningIngest;
let aheadSeconds = 0;
beforeAll(async () => {
  ingest = await startIngest({ now: () => new Date(Date.now() + aheadSeconds * 1_000) });
}, 60_000);
afterAll(() => ingest.close());

const deliver = (eventId: string, key = secret, path = '/webhooks/stripe') => {
  const body = eventBody(eventId, path.endsWith('/connect') ? { account: 'acct_1' } : {});
  return ingest.deliver(body, signed(body, { key, t: seconds() + aheadSeconds }), path);
};

/** Changes what is stored of an endpoint's secret, so that it does not open. */
const spoil = (account: string) =>
  ingest.database.admin.query(
    `update billing.processor_secret set ciphertext = substr(ciphertext, 1, length(ciphertext) - 4) || 'AAAA' where account = $1`,
    [account],
  );

describe('a stored secret that is older than 90 days', () => {
  it('turns readiness yellow until another one follows, and hurts no delivery', async () => {
    const age = (days: number) =>
      ingest.database.admin.query(
        'update billing.processor_secret set created_at = now() - make_interval(days => $1)',
        [days],
      );
    const ready = async () => (await fetch(`${ingest.url}/readyz`)).json();
    await age(91);
    expect(await ready()).toEqual({
      status: 'degraded',
      warnings: [
        {
          code: 'webhook_secret_overdue',
          message: expect.stringContaining('billing secrets rotate --kind webhook') as string,
        },
      ],
    });
    expect(await ingest.metrics()).toMatch(/^billing_secret_age_days\{kind="webhook",app="webhook-ingest"\} 91\./m);
    await age(1);
    const until = Date.now() + 5_000;
    while (JSON.stringify(await ready()) !== '{"status":"ok"}' && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await ready()).toEqual({ status: 'ok' });
  });
});

describe('a stored secret that does not open', () => {
  it('is passed over, told of once and counted; the other endpoints go on', async () => {
    await ingest.rotate('whsec_ofConnect', { account: 'connect' });
    await spoil('connect');
    expect((await deliver('evt_1')).status).toBe(200);
    aheadSeconds += 31;
    expect((await deliver('evt_2')).status).toBe(200);
    expect(await deliver('evt_3', 'whsec_ofConnect', '/webhooks/stripe/connect')).toMatchObject({
      status: 503,
      json: { code: 'webhook_secret_missing' },
    });
    const told = ingest.logged().match(/a stored webhook secret does not open/g);
    expect(told).toHaveLength(1);
    expect(await ingest.metrics()).toMatch(/^billing_webhook_secrets_closed\{app="webhook-ingest"\} 1$/m);

    await ingest.rotate('whsec_another', { account: 'connect', overlapMs: 0 });
    aheadSeconds += 31;
    expect((await deliver('evt_4', 'whsec_another', '/webhooks/stripe/connect')).status).toBe(200);
    expect(await ingest.metrics()).toMatch(/^billing_webhook_secrets_closed\{app="webhook-ingest"\} 0$/m);
  });

  it('does not keep the ingest from starting with the secret of its settings', async () => {
    await spoil('');
    const lines: string[] = [];
    const parts = await openWebhookIngestParts(ingest.configuration, { write: (line) => lines.push(line) });
    await parts.close();
    expect(lines.join('')).toContain('another secret is stored for this endpoint');
  });
});

describe('a secret of one account that the KMS cannot open just now', () => {
  it('has every account answer alike: which of them are connected is nobody’s business', async () => {
    await ingest.rotate('whsec_ofOneAccount', { account: 'acct_1' });
    await ingest.rotate('whsec_ofAnother', { account: 'acct_2' });
    const { keys } = ingest.parts;
    const open = keys.openWebhookSecret.bind(keys);
    keys.openWebhookSecret = (place, ciphertext) =>
      place.account === 'acct_1'
        ? Promise.reject(new KeyManagementUnavailable('unreachable'))
        : open(place, ciphertext);
    try {
      aheadSeconds += 31;
      const answers = [];
      for (const path of ['acct_1', 'acct_2', 'acct_unknown']) {
        const { status, json } = await deliver(`evt_${path}`, 'whsec_guessed', `/webhooks/stripe/${path}`);
        answers.push([status, json.code]);
      }
      expect(answers).toEqual(Array(3).fill([503, 'key_management_unavailable']));
      expect((await deliver('evt_5', 'whsec_ofAnother', '/webhooks/stripe/acct_2')).status).toBe(200);
      expect((await deliver('evt_6', 'whsec_guessed', '/webhooks/stripe/connect')).status).toBe(400);
    } finally {
      keys.openWebhookSecret = open;
    }
    aheadSeconds += 31;
    const unknown = await deliver('evt_7', 'whsec_guessed', '/webhooks/stripe/acct_unknown');
    expect(unknown).toMatchObject({ status: 400, json: { code: 'webhook_signature_invalid' } });
  });
});
