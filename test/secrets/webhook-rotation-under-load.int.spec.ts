import { Readable } from 'node:stream';

import { secretsCommand } from '../../apps/cli/secrets/index.js';
import type { Ran } from '../../apps/cli/testing/run-command.js';
import { runCommand } from '../../apps/cli/testing/run-command.js';
import { until } from '../../apps/gateway/testing/clock.js';
import type { RunningIngest } from '../../apps/webhook-ingest/testing/running-ingest.js';
import { eventBody, seconds, secret, startIngest, v1 } from '../../apps/webhook-ingest/testing/running-ingest.js';

const next = 'whsec_theFollowingSecret';
const overlapMs = 180_000;

let ingest: RunningIngest;
let aheadMs = 0;
const loads: Load[] = [];
beforeAll(async () => {
  ingest = await startIngest({ now: () => new Date(Date.now() + aheadMs) });
}, 60_000);
afterAll(async () => {
  await Promise.all(loads.map((load) => load.stop()));
  await ingest.close();
});

/** `billing secrets rotate --kind webhook`, with the secret on standard input. */
const rotate = (): Promise<Ran> => {
  const environment = {
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: ingest.configuration.dataDirectory,
    DATABASE_URL: ingest.database.adminUrl,
  };
  const args = ['rotate', '--kind', 'webhook', '--overlap', String(overlapMs / 3_600_000)];
  return runCommand(secretsCommand(environment, { input: Readable.from([next]) }), args);
};

let sent = 0;
/** Delivers an event that is signed with each of `keys`, as Stripe does while two secrets are valid there. Gives the status of the answer. */
const deliver = async (keys: readonly string[]): Promise<number> => {
  sent += 1;
  const body = eventBody(`evt_${sent}`);
  const t = seconds() + aheadMs / 1_000;
  return (await ingest.deliver(body, [`t=${t}`, ...keys.map((key) => `v1=${v1(body, t, key)}`)].join(','))).status;
};

interface Load {
  /** Waits until ten more were answered. */
  more(): Promise<unknown>;
  /** Ends it, and gives the statuses of all answers. */
  stop(): Promise<number[]>;
}

/** Delivers from two sides until it is told to stop. */
const delivering = (...keys: string[]): Load => {
  let isOver = false;
  const statuses: number[] = [];
  const side = async (): Promise<void> => {
    while (!isOver) statuses.push(await deliver(keys));
  };
  const sides = Promise.all([side(), side()]);
  const load: Load = {
    more: () => {
      const enough = statuses.length + 10;
      return until(() => Promise.resolve(statuses.length >= enough));
    },
    stop: async () => {
      isOver = true;
      await sides;
      return statuses;
    },
  };
  loads.push(load);
  return load;
};

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

it('rotating the webhook secret refuses no delivery: those signed with the old one, with both and with the new one are stored, each once', async () => {
  const [old, both] = [delivering(secret), delivering(secret, next)]; // it was rolled at Stripe
  await old.more();
  expect(await rotate()).toMatchObject({ code: 0 });
  await pause(1_100); // a process that runs knows it within a second
  const young = delivering(next);
  await young.more();
  await Promise.all([old.more(), both.more(), young.more()]);
  for (const statuses of await Promise.all(loads.map((load) => load.stop())))
    expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await ingest.rows()).toHaveLength(sent);

  aheadMs = overlapMs + 1_000;
  expect([await deliver([secret]), await deliver([next])]).toEqual([400, 200]);
});
