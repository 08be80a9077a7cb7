import type { Pool } from 'pg';

import { SealingLease } from './lease.js';

/** A database that answers each query when, and with what, a test says: the order of answers is what is tested. */
const answeredByHand = () => {
  const asked: ((epoch?: string) => void)[] = [];
  const query = () =>
    new Promise((resolve) => {
      asked.push((epoch) => {
        resolve({ rows: epoch === undefined ? [] : [{ epoch }] });
      });
    });
  const lease = new SealingLease({ query } as unknown as Pick<Pool, 'query'>, 60_000);
  const answer = (at: number, epoch?: string): void => asked[at]?.(epoch);
  return { lease, answer, asked };
};

it('a renewal that was refused is no word about the lease that was taken anew since', async () => {
  const { lease, answer } = answeredByHand();
  const first = lease.take();
  answer(0, '1');
  expect(await first).toBe(true);
  const renewal = lease.renew();
  const second = lease.take();
  answer(2, '2');
  expect(await second).toBe(true);
  answer(1);
  expect(await renewal).toBe(true);
  expect(lease.isSure).toBe(true);
});

it('a renewal whose answer comes after the lease was given back brings nothing back', async () => {
  const { lease, answer, asked } = answeredByHand();
  const taken = lease.take();
  answer(0, '1');
  await taken;
  const renewal = lease.renew();
  const released = lease.release();
  answer(1, '1');
  answer(2);
  await released;
  expect(await renewal).toBe(false);
  expect(lease.isSure).toBe(false);
  expect(await lease.renew()).toBe(false); // nobody is asked for what is not held
  expect(asked).toHaveLength(3);
});
