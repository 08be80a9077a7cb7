import type { RunningIngest } from './testing/running-ingest.js';
import { eventBody, secret, signed, startIngest } from './testing/running-ingest.js';

let ingest: RunningIngest;
const keys: Record<string, string> = { '': secret, '/connect': 'whsec_ofConnect', '/acct_1': 'whsec_ofOneAccount' };
beforeAll(async () => {
  ingest = await startIngest();
  for (const [path, key] of Object.entries(keys)) if (path !== '') await ingest.rotate(key, { account: path.slice(1) });
}, 60_000);
afterAll(() => ingest.close());
beforeEach(() => ingest.database.admin.query('delete from billing.webhook_events'));

const snapshot = (account?: string): string => eventBody('evt_1', { account });
const thin = (context: string | null, named = 'acct_1'): string =>
  JSON.stringify({
    id: 'evt_1',
    object: 'v2.core.event',
    type: 'v2.core.account.updated',
    created: '2026-11-20T10:00:00.000Z',
    livemode: false,
    context,
    related_object: { id: named, type: 'v2.core.account', url: `/v2/core/accounts/${named}` },
  });

const deliver = (path: string, body: string) =>
  ingest.deliver(body, signed(body, { key: keys[path] }), `/webhooks/stripe${path}`);

describe('an event is stored with the account that its endpoint is for', () => {
  it.each<[name: string, path: string, body: string, account: string | null]>([
    ["of one account's endpoint, though it names none", '/acct_1', snapshot(), 'acct_1'],
    ["of one account's endpoint, which it names", '/acct_1', snapshot('acct_1'), 'acct_1'],
    ["thin, of one account's endpoint, without a context", '/acct_1', thin(null), 'acct_1'],
    ["thin, of one account's endpoint, with its context", '/acct_1', thin('org_1/acct_1'), 'acct_1'],
    ['of the Connect endpoint, which names its account', '/connect', snapshot('acct_2'), 'acct_2'],
    ['thin, of the Connect endpoint, with its context', '/connect', thin('acct_2', 'acct_2'), 'acct_2'],
    ['thin, of the Connect endpoint, that names an account as its object', '/connect', thin(null), null],
    ["of the platform's endpoint", '', snapshot(), null],
    ["thin, of the platform's endpoint, which is for its accounts as well", '', thin('acct_2', 'acct_2'), 'acct_2'],
  ])('%s', async (_, path, body, account) => {
    expect(await deliver(path, body)).toMatchObject({ status: 200, json: { received: true } });
    expect(await ingest.rows()).toMatchObject([{ event_id: 'evt_1', account }]);
  });
});

describe('an event is refused, and nothing is written, where it', () => {
  it.each<[name: string, path: string, body: string]>([
    ["names another account than its endpoint's", '/acct_1', snapshot('acct_2')],
    ["is thin and has another account's context than its endpoint's", '/acct_1', thin('org_1/acct_2')],
    ['names no account to the Connect endpoint', '/connect', snapshot()],
    ["names an account to the platform's endpoint", '', snapshot('acct_1')],
  ])('%s', async (_, path, body) => {
    expect(await deliver(path, body)).toMatchObject({ status: 400, json: { code: 'webhook_account_mismatch' } });
    expect(await ingest.rows()).toEqual([]);
    // And so it is with the very same request again.
    expect((await deliver(path, body)).status).toBe(400);
    expect(await ingest.metrics()).toContain('billing_webhook_refusals_total{code="webhook_account_mismatch"');
  });
});
