import { setTimeout as sleep } from 'node:timers/promises';

import { platformTenantId } from '#access/tenancy';
import type { AccessDenied } from '#domain/access';

import type { RunningIngest } from './testing/running-ingest.js';
import { eventBody, secret, seconds, signed, startIngest } from './testing/running-ingest.js';

let ingest: RunningIngest;
beforeAll(async () => {
  ingest = await startIngest();
});
afterAll(() => ingest.close());

const recorded = async (code: string): Promise<AccessDenied[]> => {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline; await sleep(50)) {
    const { rows } = await ingest.database.admin.query<{ data: string }>(
      `select data from billing.event where tenant_id = $1 and type = 'AccessDenied' and data::jsonb ->> 'code' = $2`,
      [platformTenantId, code],
    );
    if (rows.length > 0) return rows.map(({ data }) => JSON.parse(data) as AccessDenied);
  }
  throw new Error(`no denial ${code} was recorded`);
};

describe('the access log of the platform', () => {
  it.each<[string, () => string | undefined]>([
    ['webhook_signature_missing', () => undefined],
    ['webhook_signature_malformed', () => 'nonsense'],
    ['webhook_signature_invalid', () => signed(eventBody('evt_1'), { key: 'whsec_ofSomebodyElse' })],
    ['webhook_timestamp_out_of_tolerance', () => signed(eventBody('evt_1'), { t: seconds() - 10_000 })],
  ])('tells of a delivery that is refused with %s', async (code, header) => {
    expect((await ingest.deliver(eventBody('evt_1'), header())).json.code).toBe(code);
    const [event] = await recorded(code);
    expect(event).toMatchObject({
      channel: 'webhook',
      action: 'webhooks.receive',
      origin: { network: '127.0.0.0/24' },
    });
    expect(JSON.stringify(event)).not.toMatch(new RegExp(`evt_1|${secret}|v1=`));
  });

  it('tells of a delivery that is played again, and not of one that Stripe tries again', async () => {
    const body = eventBody('evt_replayed');
    const header = signed(body);
    await ingest.deliver(body, header);
    await ingest.deliver(body, signed(body, { t: seconds() - 1 }));
    expect((await ingest.deliver(body, header)).json).toEqual({ received: true, duplicate: true });
    expect(await recorded('webhook_replayed')).toMatchObject([{ count: 1 }]);
  });
});
