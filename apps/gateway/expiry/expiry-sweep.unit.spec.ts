import { createLogger } from '#platform/logging';

import type { ExpirySweepOptions } from './expiry-sweep.js';
import { ExpirySweep } from './expiry-sweep.js';

it('a walk whose database does not answer is waited for as long as it is told to, and no longer', async () => {
  const never = new Promise<never>(() => undefined);
  const sweep = new ExpirySweep({
    store: { take: () => never },
    logger: createLogger({ app: 'gateway', level: 'silent' }),
    now: () => new Date(),
  } as unknown as ExpirySweepOptions);
  sweep.start();
  const begun = performance.now();
  await sweep.close(50);
  const waitedMs = performance.now() - begun;
  expect(waitedMs).toBeGreaterThanOrEqual(48);
  expect(waitedMs).toBeLessThan(5_000);
});
