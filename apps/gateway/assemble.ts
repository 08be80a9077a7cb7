import { FactRecorder, driftObserver } from '#command-handling/facts';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import type { Keys, PlatformKeys } from '#keys';
import type { Log, Subscription } from '#log';
import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import type { Warnings } from '#platform/warnings';
import type { Processor } from '#processor';
import type { Pool } from 'pg';

import { CallStore } from './calls/call-store.js';
import { Intake } from './calls/intake.js';
import { Presence } from './calls/presence.js';
import { ExpirySweep } from './expiry/expiry-sweep.js';
import { SweepStore } from './expiry/sweep-store.js';
import { Gateway } from './gateway.js';
import type { KeyKeeping } from './keeper/key-keeper.js';
import { KeyKeeper } from './keeper/key-keeper.js';
import { Line } from './line/line.js';
import { GatewayMetrics } from './metrics.js';
import type { Desk } from './operations/operation.js';
import type { OnStep } from './operations/perform.js';
import { ReconciliationMetrics } from './reconcile/metrics.js';
import { Reconciler } from './reconcile/reconciler.js';
import { RunStore } from './reconcile/run-store.js';
import { Directory } from './streams/directory.js';
import { ClientSecrets } from './vault/client-secrets.js';
import { Tokens } from './vault/tokens.js';

export interface Parts {
  environment: string;
  /** Logs in as the gateway's role. */
  pool: Pool;
  log: Log;
  keys: Keys;
  /** Seals what reconciliation puts into the webhook inbox. */
  platformKeys: PlatformKeys;
  /** Without it this gateway leaves tenants' keys to others. */
  keyKeeping?: KeyKeeping;
  processor: Processor;
  /** Whether no call since then can have been sent with another API key than the present one. Default: so it is. */
  isOneKeySince?: (at: Date) => boolean;
  metrics: Registry;
  logger: Logger;
  /** What a person should look at although the work goes on. */
  warnings?: Warnings;
  /** Calls on their way to the processor at once at most. Default 64. */
  maxInFlight?: number;
  /** Calls a second at most. Default 2,000; a live account of Stripe takes 100. */
  callsPerSecond?: number;
  /** How long a call is one process's own. Default 60,000; longer than two time-outs of the processor. */
  leaseMs?: number;
  /** How often to look for calls that are due. Default 250. */
  pollMs?: number;
  /** How often to compare with the processor unasked, in hours. Default 0: only when an operator asks. */
  reconcileEveryHours?: number;
  /** How often to look whether cards that end soon are to be looked for. Default 60,000. */
  expiryPollMs?: number;
  /** Payment methods that are looked at for their end in one page. Default 200. */
  expiryPageSize?: number;
  /** How often to look for comparisons that were asked for. Default 500. */
  reconcilePollMs?: number;
  /** How long a comparison waits, ten times at most, for the books to rest. Default 500. */
  booksPauseMs?: number;
  /** Looks a second at most that a comparison takes, each three calls, or four of a payment captured in parts. Default 20. */
  looksPerSecond?: number;
  /** How long an event of the processor's may be on its way before a comparison takes it in. Default 600,000. */
  deliveryMs?: number;
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
  const { environment, pool, log, logger, leaseMs = 60_000, pollMs = 250, clock = () => new Date() } = parts;
  const maxInFlight = parts.maxInFlight ?? 64;
  const maxInHand = maxInFlight * (1 + waitingForEachSent);
  const desk = deskOf(parts, maxInFlight, maxInHand, clock);
  const store = new CallStore(pool);
  const metrics = new GatewayMetrics(parts.metrics, desk.line, store, clock);
  const presence = new Presence(pool, logger);
  // Before anything is taken in hand, so that no other gateway takes it for a dead one's.
  await presence.releaseOrphans(clock(), { callIds: [], leaseMs });
  const gateway = new Gateway({
    desk,
    store,
    presence,
    metrics,
    logger,
    warnings: parts.warnings,
    maxInHand,
    leaseMs,
    pollMs,
    onStep: parts.onStep,
  });
  const keeper = parts.keyKeeping && keeperOf(parts, parts.keyKeeping);
  const { free, take, queued } = gateway;
  const intake = new Intake({ environment, now: clock, leaseMs, owner: presence.owner, free, take, queued });
  const subscription = await log.subscribe({
    consumer: 'gateway:intake',
    proven: true, // what it is told to do moves money
    handle: intake.handle,
    committed: (events) => {
      for (const event of events) {
        desk.directory.learn(event);
        if (event.event.type === 'TenantAdded') keeper?.welcome(event.tenantId);
      }
      intake.committed();
    },
  });
  gateway.start();
  const reconciler = reconcilerOf(parts, desk, presence, leaseMs);
  reconciler.start();
  const sweep = sweepOf(parts, desk);
  sweep.start();
  keeper?.start();
  return {
    intake: subscription,
    gateway,
    close: async (graceMs) => {
      const left = [reconciler.close(graceMs), keeper?.close(graceMs), sweep.close(graceMs)];
      await subscription.close();
      await Promise.all([gateway.close(graceMs), ...left]);
    },
  };
};

const keeperOf = ({ pool, metrics, logger }: Parts, keeping: KeyKeeping): KeyKeeper =>
  new KeyKeeper({ ...keeping, pool, metrics, logger });

const sweepOf = (
  { pool, logger, expiryPollMs: pollMs, expiryPageSize: pageSize }: Parts,
  { keys, streams, now }: Desk,
): ExpirySweep => {
  const [store, shards] = [new SweepStore(pool), new TenantShards(pool)];
  return new ExpirySweep({ store, keys, streams, shards, logger, now, pollMs, pageSize });
};

const reconcilerOf = (parts: Parts, desk: Desk, { owner }: Presence, leaseMs: number): Reconciler => {
  const { environment, pool, platformKeys, logger, reconcileEveryHours = 0 } = parts;
  const store = new RunStore(pool, owner);
  const office = {
    pool,
    desk,
    reader: new StreamReader(pool, { acrossTenants: true }),
    shards: new TenantShards(pool),
    platformKeys,
    livemode: environment === 'production',
    store,
    metrics: new ReconciliationMetrics(parts.metrics, store, desk.now),
    logger,
    looksPerSecond: parts.looksPerSecond ?? 20,
    deliveryMs: parts.deliveryMs ?? 600_000,
    leaseMs,
    booksPauseMs: parts.booksPauseMs,
  };
  return new Reconciler({ office, everyHours: reconcileEveryHours, pollMs: parts.reconcilePollMs });
};

const deskOf = (parts: Parts, maxInFlight: number, maxInHand: number, now: () => Date): Desk => {
  const { pool, keys, processor, callsPerSecond = 2_000 } = parts;
  const reader = new StreamReader(pool, { acrossTenants: true });
  const onDrift = driftObserver(parts.logger, parts.metrics);
  const streams = new FactRecorder(reader, new Batcher(appendOver(pool)), 'gateway', onDrift);
  return {
    processor,
    line: new Line({ maxInFlight, maxWaiting: maxInHand, callsPerSecond, now }),
    streams,
    directory: new Directory(streams, registrationWaitMs),
    tokens: new Tokens(pool, keys),
    clientSecrets: new ClientSecrets(pool, keys),
    keys,
    isOneKeySince: parts.isOneKeySince ?? (() => true),
    now,
  };
};
