import { randomInt } from 'node:crypto';

import { StreamQueue } from '#command-handling';
import type { Logger } from '#platform/logging';
import type { Warnings } from '#platform/warnings';
import { Pause, within } from '#platform/waiting';
import { readEvent } from '#processor/stripe/events';

import type { Inbox, TakenEvent } from '../inbox/index.js';
import type { Desk } from './desk.js';
import type { Fate } from './ending.js';
import { fateAfter, fateOf, isOfKeys } from './ending.js';
import type { ApplyMetrics } from './metrics.js';
import { applyNews, objectOf } from './news/index.js';
import type { Verdict } from './verdict.js';

/** Where an event stands on its way: the points at which a process can die. */
export type Step = 'taken' | 'recorded' | 'finished';

/** Called at each step. For tests, which let a process die there. */
export type OnStep = (step: Step, taken: TakenEvent) => void | Promise<void>;

/** Gives the body of an event in hand. Rejects with SealBroken where it is not what was sealed. */
export type OpenBody = (taken: TakenEvent) => Promise<Buffer | string>;

export interface ApplierOptions {
  desk: Desk;
  inbox: Inbox;
  openBody: OpenBody;
  metrics: ApplyMetrics;
  logger: Logger;
  warnings?: Warnings;
  clock: () => Date;
  /** Events in the hands of this process at once at most. */
  maxInHand: number;
  /** How long an event is this process's own: what a dead one had in hand is due again after it. */
  leaseMs: number;
  /** How often to look for events that are due. */
  pollMs: number;
  /** How long after a look that found events the next one waits for more of them: those that come one by one share queries. */
  gatherMs: number;
  onStep?: OnStep;
}

const failedPollMs = 1_000;
/** An event that waits for keys is tried again within a minute, and would say so again. */
const keysWarningMs = 180_000;

/** Takes the processor's events from the inbox and brings each to its end. It never calls the processor. */
export class Applier {
  readonly #options: ApplierOptions;
  readonly #owner = randomInt(1, 2 ** 31 - 1);
  /** By event id. */
  readonly #inHand = new Map<string, Promise<void>>();
  readonly #objects = new StreamQueue();
  readonly #pause = new Pause();
  readonly #gathering = new Pause();
  #backlog = true;
  #restUntil = 0;
  #closed = false;
  #sweeping: Promise<void> | undefined;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  /** Begins to look for due events. */
  start(): void {
    this.#sweeping = this.#sweep();
  }

  /** Some events wait in the inbox: looks now. */
  readonly wake = (): void => {
    this.#backlog = true;
    this.#pause.end();
  };

  /** Takes nothing on any more and waits for what is in hand, `graceMs` at most; the rest is due again after its lease. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#pause.end();
    this.#gathering.end();
    await within(Promise.all([this.#sweeping, ...this.#inHand.values()]), graceMs);
  }

  async #sweep(): Promise<void> {
    while (!this.#closed) {
      let pauseMs = this.#options.pollMs;
      try {
        await this.#takeDue();
      } catch (error) {
        pauseMs = failedPollMs;
        this.#options.logger.warn({ error: String(error) }, 'looking for due webhooks failed and is tried again');
      }
      if (!this.#closed && (pauseMs === failedPollMs || !this.#backlog || this.#room() <= 0))
        await this.#pause.last(pauseMs);
      await this.#gather();
    }
  }

  /** Nobody waits for what comes all the time; an event after a quiet moment is not held up, nor what did not fit in hand. */
  async #gather(): Promise<void> {
    const restMs = this.#restUntil - performance.now();
    if (!this.#closed && restMs > 0) await this.#gathering.last(restMs);
  }

  #room(): number {
    return this.#options.maxInHand - this.#inHand.size;
  }

  async #takeDue(): Promise<void> {
    const { inbox, clock, leaseMs, gatherMs } = this.#options;
    const limit = this.#room();
    if (limit <= 0) return;
    this.#backlog = false; // what is stored from now on is news
    const now = clock();
    const leaseUntil = new Date(now.getTime() + leaseMs);
    const events = await inbox.take(now, limit, leaseUntil, this.#owner, [...this.#inHand.keys()]);
    const isAll = events.length < limit;
    if (!isAll) this.#backlog = true;
    this.#restUntil = isAll && events.length > 0 ? performance.now() + gatherMs : 0;
    for (const taken of events) {
      const ended = this.#work(taken).finally(() => {
        this.#inHand.delete(taken.eventId);
        if (this.#backlog) this.#pause.end();
      });
      this.#inHand.set(taken.eventId, ended);
    }
  }

  async #work(taken: TakenEvent): Promise<void> {
    const { logger, clock, onStep } = this.#options;
    try {
      await onStep?.('taken', taken);
      const fate = await this.#apply(taken).then(
        (verdict) => fateOf(verdict, taken, clock()),
        (error: unknown) => {
          this.#warnOfKeys(error);
          return fateAfter(error, taken, clock());
        },
      );
      await onStep?.('recorded', taken);
      await this.#write(taken, fate).catch((error: unknown) => this.#write(taken, fateAfter(error, taken, clock())));
      await onStep?.('finished', taken);
    } catch (error) {
      const context = { eventId: taken.eventId, type: taken.type, error: String(error) };
      logger.warn(context, 'what became of a webhook could not be written; it is due again after its lease');
    }
  }

  async #apply(taken: TakenEvent): Promise<Verdict> {
    const { head, reading } = readEvent(await this.#options.openBody(taken));
    if (head?.eventId !== taken.eventId) return { state: 'quarantined', reason: 'body_unreadable' };
    if (reading.kind === 'unreadable') return { state: 'quarantined', reason: reading.reason };
    if (reading.kind === 'unused') return { state: 'ignored', reason: reading.reason };
    const { eventId, account } = taken;
    // The endpoint that it came to says where it happened, and the body must not say otherwise.
    if (head.account !== undefined && head.account !== account) {
      return { state: 'quarantined', reason: 'account_mismatch' };
    }
    const { news } = reading;
    const heard = { eventId, account, at: head.created };
    return this.#objects.run(account ?? '', objectOf(news), () => applyNews(news, heard, this.#options.desk));
  }

  async #write(taken: TakenEvent, fate: Fate): Promise<void> {
    const { inbox, metrics, clock } = this.#options;
    const isOurs = fate.kind === 'ended' ? await inbox.finish(taken, fate) : await inbox.postpone(taken, fate);
    if (!isOurs) return; // another process has it in hand
    const said = fate.kind === 'ended' && fate.state === 'applied' ? fate.outcome : String(fate.reason);
    metrics.count(fate.state, said);
    if (fate.state === 'applied') metrics.applied(taken, clock());
    this.#tell(taken, fate, said);
    if (fate.kind === 'put_back') this.#wakeAt(fate.notBefore);
  }

  #warnOfKeys(error: unknown): void {
    if (!isOfKeys(error)) return;
    this.#options.warnings?.set(
      'webhooks_wait_for_keys',
      `webhooks wait for keys (${error.code}): see docs/operations/keys.md`,
      keysWarningMs,
    );
  }

  #tell({ eventId, type, account, source, tries }: TakenEvent, fate: Fate, said: string): void {
    const { logger } = this.#options;
    const context = { eventId, type, account, source, tries, state: fate.state, reason: said };
    if (fate.state === 'quarantined') logger.error(context, 'a webhook is quarantined and waits for a person');
    else if (fate.state === 'failed') logger.error(context, 'a webhook failed again and again and waits for a person');
    else if (fate.kind === 'put_back' && fate.state === 'received')
      logger.warn(context, 'a webhook is tried again later');
    else logger.debug(context, 'a webhook was looked at');
  }

  /** Sooner than the next look, where that is when an event is due again. */
  #wakeAt(notBefore: Date): void {
    const ms = notBefore.getTime() - this.#options.clock().getTime();
    if (ms < this.#options.pollMs && !this.#closed) setTimeout(this.wake, Math.max(0, ms)).unref();
  }
}
