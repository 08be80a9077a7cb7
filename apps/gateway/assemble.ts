import { Batcher, StreamReader, appendOver } from '#event-store';
import type { Keys } from '#keys';
import type { Log, Subscription } from '#log';
import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import type { Processor } from '#processor';
import type { Pool } from 'pg';

import { CallStore } from './calls/call-store.js';
import { Intake } from './calls/intake.js';
import { Presence } from './calls/presence.js';
import { Gateway } from './gateway.js';
import { Line } from './line/line.js';
import { GatewayMetrics } from './metrics.js';
import type { Desk } from './operations/operation.js';
import type { OnStep } from './operations/perform.js';
import { Directory } from './streams/directory.js';
import { Streams } from './streams/streams.js';
import { ClientSecrets } from './vault/client-secrets.js';
import { Tokens } from './vault/tokens.js';

export interface Parts {
  environment: string;
  /** Logs in as the gateway's role. */
  pool: Pool;
  log: Log;
  keys: Keys;
  processor: Processor;
  metrics: Registry;
  logger: Logger;
  /** Calls on their way to the processor at once at most. Default 64. */
  maxInFlight?: number;
  /** Calls a second at most. Default 2,000; a live account of Stripe takes 100. */
  callsPerSecond?: number;
  /** How long a call is one process's own. Default 60,000; longer than two time-outs of the processor. */
  leaseMs?: number;
  clock?: () => Date;
  onStep?: OnStep;
}

export interface RunningGateway {
  /** The reader of the log. */
  intake: Subscription;
  gateway: Gateway;
  /** Ends the intake, then what is in hand. Leaves the log and the pool to their owner. */
  close(graceMs?: number): Promise<void>;
}

/** How many calls may wait in hand for each one that is on its way. */
const waitingForEachSent = 3;
/** How long an attachment waits in hand for its customer's registration before it goes back to the table. */
const registrationWaitMs = 5_000;

/** Puts a gateway together and starts it. */
export const startGateway = async (parts: Parts): Promise<RunningGateway> => {
  const { environment, pool, log, logger, leaseMs = 60_000, clock = () => new Date() } = parts;
  const maxInFlight = parts.maxInFlight ?? 64;
  const maxInHand = maxInFlight * (1 + waitingForEachSent);
  const desk = deskOf(parts, maxInFlight, maxInHand, clock);
  const store = new CallStore(pool);
  const metrics = new GatewayMetrics(parts.metrics, desk.line, store, clock);
  const presence = new Presence(pool, logger);
  // Before anything is taken in hand, so that no other gateway takes it for a dead one's.
  await presence.releaseOrphans(clock(), { callIds: [], leaseMs });
  const gateway = new Gateway({ desk, store, presence, metrics, logger, maxInHand, leaseMs, onStep: parts.onStep });
  const { free, take, queued } = gateway;
  const intake = new Intake({ environment, now: clock, leaseMs, owner: presence.owner, free, take, queued });
  const subscription = await log.subscribe({
    consumer: 'gateway:intake',
    proven: true, // what it is told to do moves money
    handle: intake.handle,
    committed: (events) => {
      for (const event of events) desk.directory.learn(event);
      intake.committed();
    },
  });
  gateway.start();
  return {
    intake: subscription,
    gateway,
    close: async (graceMs) => {
      await subscription.close();
      await gateway.close(graceMs);
    },
  };
};

const deskOf = (parts: Parts, maxInFlight: number, maxInHand: number, now: () => Date): Desk => {
  const { pool, keys, processor, callsPerSecond = 2_000 } = parts;
  const streams = new Streams(new StreamReader(pool, { acrossTenants: true }), new Batcher(appendOver(pool)));
  return {
    processor,
    line: new Line({ maxInFlight, maxWaiting: maxInHand, callsPerSecond, now }),
    streams,
    directory: new Directory(streams, registrationWaitMs),
    tokens: new Tokens(pool, keys),
    clientSecrets: new ClientSecrets(pool, keys),
    keys,
    now,
  };
};
