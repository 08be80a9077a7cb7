import { streamIdOf } from '#contracts';
import { TenantShards } from '#event-store';

import { changeLog } from '../../../test/database/change-log.js';
import { Workbench } from '../testing/workbench.js';
import type { TouchedStream } from './own-log.js';
import { touchedStreams } from './own-log.js';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
});
afterAll(() => bench.close());

it('gives the payments that the log mentions within the window, and goes on where an earlier try came to', async () => {
  const { tenantId, database } = bench;
  const shard = await new TenantShards(bench.api.pool).of(tenantId);
  const customerId = await bench.api.createCustomer(tenantId);
  const paymentMethodId = await bench.api.attach(tenantId, customerId);
  const made: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    made.push(streamIdOf('payment', await bench.api.charge(tenantId, customerId, paymentMethodId)));
  }
  // The customer, the method and the first two payments, of two events each, are of long ago.
  await changeLog(
    database.admin,
    "update billing.event set recorded_at = now() - interval '10 days' where shard = $1 and position <= 6",
    [shard],
  );
  const window = { from: new Date(Date.now() - 7 * 24 * 3_600_000), to: new Date(Date.now() + 60_000) };
  const pool = database.pool('billing_gateway', { max: 1 });
  const touched = async (within?: string): Promise<TouchedStream[]> => {
    const streams: TouchedStream[] = [];
    for await (const page of touchedStreams(pool, shard, window, within)) streams.push(...page.streams);
    return streams;
  };
  expect(await touched()).toEqual([
    { position: 8, tenantId, streamId: made[2] },
    { position: 10, tenantId, streamId: made[3] },
  ]);
  expect(await touched('8')).toEqual([{ position: 10, tenantId, streamId: made[3] }]);
  expect(await touched('10')).toEqual([]);
});
