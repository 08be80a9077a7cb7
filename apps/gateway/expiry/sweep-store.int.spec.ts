import { randomUUID } from 'node:crypto';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { SweepStore } from './sweep-store.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('a page that took longer than its lease does not set back the place of whoever took it then', async () => {
  const store = new SweepStore(database.pool('billing_gateway'));
  const place = () => ({ tenantId: randomUUID(), paymentMethodId: randomUUID() });
  const [slow, quick] = [place(), place()];
  const late = await store.take(0); // its lease ends at once
  const taken = await store.take(60_000);
  if (!late || !taken) throw new Error('no page was due');
  expect(await store.save(late, slow, 0)).toBe(false);
  expect(await store.take(0)).toBeUndefined(); // it is still the other one's
  expect(await store.save(taken, quick, 0)).toBe(true);
  expect(await store.save(late, slow, 0)).toBe(false);
  expect(await store.take(60_000)).toMatchObject({ place: quick });
});
