import { deleteInBatches } from '#platform/database';
import type { Logger } from '#platform/logging';
import type { Warnings } from '#platform/warnings';
import { Pause, within } from '#platform/waiting';

import type { CallStore } from './calls/call-store.js';
import type { TakenCall } from './calls/call.js';
import { operationOf, settlementCallOf } from './calls/call.js';
import type { Presence } from './calls/presence.js';
import { LeaseLost } from './line/line.js';
import type { GatewayMetrics } from './metrics.js';
import type { Desk } from './operations/operation.js';
import type { Manner, OnStep } from './operations/perform.js';
import { perform } from './operations/perform.js';
import { isOfKeys, verdictOf } from './verdict.js';

export interface GatewayOptions {
  desk: Desk;
  store: CallStore;
  presence: Presence;
  metrics: GatewayMetrics;
  logger: Logger;
  warnings?: Warnings;
  /** Calls in the hands of this process at once at most, sent ones and those that wait for something. */
  maxInHand: number;
  /** How long a call is this process's own. Longer than two time-outs of the processor. */
  leaseMs: number;
  /** How often to look for calls that are due. */
  pollMs: number;
  onStep?: OnStep;
}

/** The processor forgets an idempotency key after 24 hours; an hour before that we stop trusting it. */
export const keyLifeMs = 23 * 3_600_000;

const failedPollMs = 1_000;
const maxTaken = 100;
const purgeMs = 600_000;
/** Expired rows in one statement, and statements of one round, at most. */
const purgeBatch = 1_000;
const maxPurgeBatches = 500;
/** A call that waits for keys is tried again within a minute, and would say so again. */
const keysWarningMs = 180_000;

/**
 * Brings calls to their end: those that the intake hands over, and those that are due in the table, because they were put back, had
 * to queue, or were left behind by a process that died. A call is worked on alone, so a slow one holds nobody up.
 */
export class Gateway {
  readonly #options: GatewayOptions;
  /** By call id. */
  readonly #inHand = new Map<string, Promise<void>>();
  readonly #onStep: OnStep;
  readonly #pause = new Pause();
  #backlog = true;
  #closed = false;
  #sweeping: Promise<void> | undefined;
  #purging: Promise<unknown> | undefined;
  #purgedAt = 0;
  #lookedAt = 0;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#onStep = options.onStep ?? (() => undefined);
  }

  /** Begins to look for due calls in the table. */
  start(): void {
    this.#sweeping = this.#sweep();
  }

  /** How many calls this process would take on now: none while the processor is ill, and none once it closes. */
  readonly free = (): number => {
    if (this.#closed || this.#options.desk.line.open) return 0;
    return this.#options.maxInHand - this.#inHand.size;
  };

  /** Takes calls on that are stored as this process's own. */
  readonly take = (calls: readonly TakenCall[]): void => {
    for (const call of calls) {
      if (this.#inHand.has(call.callId)) continue; // its lease ran out under our hands: it is still being worked on
      const ended = this.#work(call).finally(() => {
        this.#inHand.delete(call.callId);
        if (this.#backlog) this.wake();
      });
      this.#inHand.set(call.callId, ended);
    }
  };

  /** Some calls wait in the table. */
  readonly queued = (): void => {
    this.#backlog = true;
    this.wake();
  };

  /** Looks for due calls now. */
  wake(): void {
    this.#pause.end();
  }

  /** Takes nothing on any more and waits for what is in hand, `graceMs` at most; the rest goes to whoever comes next. */
  async close(graceMs = 8_000): Promise<void> {
    this.#closed = true;
    this.wake();
    this.#options.desk.directory.wakeAll();
    await within(Promise.all([this.#sweeping, this.#purging, ...this.#inHand.values()]), graceMs);
    this.#options.presence.close();
  }

  async #sweep(): Promise<void> {
    while (!this.#closed) {
      let pauseMs = this.#options.pollMs;
      try {
        await this.#releaseOrphans();
        await this.#takeDue();
        this.#purge();
      } catch (error) {
        pauseMs = failedPollMs;
        this.#options.logger.warn({ error: String(error) }, 'looking for due calls failed and is tried again');
      }
      if (!this.#closed && (pauseMs === failedPollMs || !this.#backlog || this.free() <= 0))
        await this.#pause.last(pauseMs);
    }
  }

  /** Calls that are in nobody's hands any more are due at once. */
  async #releaseOrphans(): Promise<void> {
    const { presence, desk, logger, leaseMs } = this.#options;
    if (Date.now() - this.#lookedAt < presence.lookMs) return;
    const released = await presence.releaseOrphans(desk.now(), { callIds: [...this.#inHand.keys()], leaseMs });
    this.#lookedAt = Date.now();
    if (released > 0) logger.warn({ calls: released }, 'calls that nobody had in hand any more are due again');
  }

  async #takeDue(): Promise<void> {
    const { desk, store, presence, leaseMs, maxInHand } = this.#options;
    const room = maxInHand - this.#inHand.size;
    // While the processor is ill, one call now and then finds out whether it is well again.
    const limit = Math.min(desk.line.open ? 1 : maxTaken, room);
    if (limit <= 0) return;
    const now = desk.now();
    const leaseUntil = new Date(now.getTime() + leaseMs);
    const calls = await store.take(now, limit, leaseUntil, presence.owner, [...this.#inHand.keys()]);
    this.#backlog = calls.length === limit;
    this.take(calls);
  }

  /** Beside all else: calls that are due do not wait until the last of many thousand rows is gone. */
  #purge(): void {
    const { desk, logger } = this.#options;
    const at = desk.now();
    if (this.#purging || at.getTime() - this.#purgedAt < purgeMs) return;
    this.#purgedAt = at.getTime();
    this.#purging = this.#purgeExpired(at)
      .catch((error: unknown) => {
        logger.warn(
          { error: String(error) },
          'expired secrets and tokens were not removed; tried again in ten minutes',
        );
      })
      .finally(() => (this.#purging = undefined));
  }

  async #purgeExpired(at: Date): Promise<void> {
    const { clientSecrets, tokens } = this.#options.desk;
    const bounds = { batch: purgeBatch, maxBatches: maxPurgeBatches, goesOn: () => !this.#closed };
    await deleteInBatches((limit) => clientSecrets.purge(at, limit), bounds);
    await deleteInBatches((limit) => tokens.purge(limit), bounds);
  }

  async #work(call: TakenCall): Promise<void> {
    const { desk, store, metrics, logger } = this.#options;
    const operation = operationOf(call);
    try {
      const { kind, settlements = [], warning } = await perform(call, this.#mannerOf(call), desk, this.#onStep);
      metrics.count(operation, kind);
      if (warning !== undefined) {
        const { callId, tenantId, streamId } = call;
        logger.warn({ callId, operation, outcome: kind, tenantId, streamId }, warning);
      }
      const now = desk.now();
      const next = settlements.map((settlement) => ({
        call: settlementCallOf(call, settlement, now),
        state: 'queued' as const,
        notBefore: now,
      }));
      await store.finish(call, now, next);
      await this.#onStep('finished', call);
    } catch (error) {
      if (error instanceof LeaseLost) return;
      await this.#putBack(call, error).catch((failure: unknown) => {
        const context = { callId: call.callId, operation, error: String(failure) };
        logger.warn(context, 'a call could not be put back; it is due again within seconds');
      });
    }
  }

  #mannerOf({ firstSentAt, unknown }: TakenCall): Manner {
    const { now, isOneKeySince } = this.#options.desk;
    if (now().getTime() - firstSentAt.getTime() >= keyLifeMs) return 'look';
    return unknown && !isOneKeySince(firstSentAt) ? 'look_first' : 'send';
  }

  async #putBack(call: TakenCall, error: unknown): Promise<void> {
    const { desk, store, metrics, logger, warnings } = this.#options;
    if (isOfKeys(error))
      warnings?.set(
        'calls_wait_for_keys',
        `calls to the processor wait for keys (${error.code}): see docs/operations/keys.md`,
        keysWarningMs,
      );
    const now = desk.now();
    const { delayMs, level, requestId, ...postponement } = verdictOf(error, call, now);
    const operation = operationOf(call);
    metrics.count(operation, postponement.state === 'parked' ? 'parked' : postponement.error);
    logger[level](
      {
        callId: call.callId,
        operation,
        state: postponement.state,
        reason: postponement.error,
        tries: call.tries,
        delayMs,
        requestId,
      },
      postponement.state === 'parked' ? 'a call is parked and waits for a person' : 'a call is tried again later',
    );
    await store.postpone(call, { ...postponement, notBefore: new Date(now.getTime() + delayMs) });
    if (delayMs < this.#options.pollMs && !this.#closed)
      setTimeout(() => {
        this.queued();
      }, delayMs).unref();
  }
}
