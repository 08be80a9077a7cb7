import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventPartitions, topics } from '#contracts';
import type { LogObserver } from '#log';
import { Wakeups } from '#log';
import type { KafkaSettings } from '#platform/kafka';
import { openKafka, topicName } from '#platform/kafka';
import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';

import { CarriedShard } from './carried-shard.js';
import { Lane } from './lane.js';
import type { Lease } from './leases.js';
import { Leases } from './leases.js';
import type { RelayObserver } from './observer.js';
import { Opening } from './opening.js';
import { Progress } from './progress.js';
import type { SendOutcome } from './sender.js';
import { Sender } from './sender.js';

export interface RelayOptions {
  /** Logs in as the relay's role. */
  pool: Pool;
  /** For the listening connection. */
  databaseUrl: string;
  kafka: KafkaSettings;
  observer: RelayObserver;
  /** How long a lease lasts that is not renewed: a dead relay is replaced after that. Default 6,000. */
  leaseMs?: number;
  /** How often leases are renewed and shared out. Default 1,000. */
  renewMs?: number;
  /** How long one request may take; less than a lease. Default 3,000. */
  sendTimeoutMs?: number;
  /** Least time between two readings of a log that grows in small pieces. Default 10. */
  gatherMs?: number;
  /** How long nothing may succeed in Kafka until the shards are left to other relays. Default 8,000. */
  illMs?: number;
}

/** Where partitions are led can change at any time; a failed request looks at once, else this often. */
const leadersMs = 30_000;
/** How often a relay that cannot reach Kafka tries. */
const recuperateMs = 3_000;
const openRetryMs = 2_000;
/** Closing waits so long for a question that Kafka does not answer. */
const closeAnywayMs = 3_000;

/**
 * Carries the event table to `billing.events.v1`, partition = shard. Any number of relays share the shards, about the same number each; one that
 * dies is replaced as soon as its leases run out, one that cannot reach Kafka leaves its shards to the others.
 */
export class Relay {
  readonly #options: Required<RelayOptions>;
  readonly #kafka: Kafka;
  readonly #topic: string;
  readonly #wakeups: Wakeups;
  readonly #leases: Leases;
  readonly #progress: Progress;
  readonly #opening: Opening;
  readonly #shards = new Map<number, CarriedShard>();
  readonly #lanes = new Map<number, Lane>();
  readonly #stop = new AbortController();
  readonly #stopped = once(this.#stop.signal, 'abort');
  #sureUntil = 0;
  #keeping: Promise<void> | undefined;
  /** What Kafka is being asked: one thing at a time. */
  #asking: Promise<void> | undefined;
  #openNotBefore = 0;
  #leadersAt = 0;
  #silentSince: number | undefined;

  constructor(options: RelayOptions) {
    const defaults = { leaseMs: 6_000, renewMs: 1_000, sendTimeoutMs: 3_000, gatherMs: 10, illMs: 8_000 };
    this.#options = { ...defaults, ...options };
    const { pool, kafka: settings, observer, databaseUrl } = this.#options;
    const warn: LogObserver['warn'] = (message, context) => {
      observer.warn(message, context);
    };
    this.#kafka = openKafka({ settings, clientId: 'billing-relay', warn });
    this.#topic = topicName(settings, topics.events);
    this.#wakeups = new Wakeups(databaseUrl, { warn });
    this.#leases = new Leases(pool, this.#options.leaseMs);
    this.#progress = new Progress(pool);
    this.#opening = new Opening({ pool, kafka: this.#kafka, settings, observer, owner: this.#leases.owner });
  }

  /** Starts to take shards and to carry them. Kafka may be away: it is tried until it is there. */
  async start(): Promise<void> {
    await this.#progress.create();
    this.#keeping = this.#keep();
  }

  /** The shards that this relay holds. */
  get shards(): readonly CarriedShard[] {
    return [...this.#shards.values()];
  }

  /**
   * Resolves once Kafka has all that was in the log at the time of the call, carried by this relay: for tests and measurements, where it
   * is the only one. Throws after `timeoutMs`.
   */
  async whenCaughtUp(timeoutMs: number): Promise<void> {
    const { rows } = await this.#options.pool.query<{ shard: number; position: string }>(
      'select shard, position from billing.log_head',
    );
    const isReached = (row: { shard: number; position: string }): boolean =>
      (this.#shards.get(row.shard)?.sent ?? -1) >= Number(row.position);
    for (const until = performance.now() + timeoutMs; !rows.every(isReached); await sleep(5)) {
      if (performance.now() > until) throw new Error(`the relay has not caught up within ${timeoutMs} ms`);
    }
  }

  /** Ends after the requests at hand and gives the shards back. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#keeping;
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
    await Promise.race([this.#asking, sleep(closeAnywayMs, undefined, { ref: false })]);
    try {
      await this.#progress.write(this.shards);
      await this.#leases.release(this.shards);
      await this.#leases.leave();
    } catch (error) {
      this.#options.observer.warn('the shards were not given back; they are free when their leases run out', {
        error: String(error),
      });
    }
    this.#shards.clear();
    await this.#wakeups.close();
  }

  async #keep(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#isIll()) await this.#recuperate();
        else await this.#tick();
      } catch (error) {
        this.#options.observer.warn('keeping the leases of the relay failed and is tried again', {
          error: String(error),
        });
      }
      await sleep(this.#options.renewMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #tick(): Promise<void> {
    const standing = await this.#leases.renew();
    this.#sureUntil = standing.sureUntil;
    this.#match(standing.held);
    const fairShare = Math.ceil(eventPartitions / standing.live);
    await this.#giveAway(this.#shards.size - fairShare);
    await this.#take(fairShare - this.#shards.size);
    await this.#progress.write(this.shards);
    this.#look();
  }

  /**
   * Forgets what was lost: nothing more is sent of it, and nothing was, because a batch is sent only well before a lease runs out. Carries what
   * is held and was not known to be: Postgres's answer to the taking did not arrive.
   */
  #match(held: readonly Lease[]): void {
    const epochs = new Map(held.map(({ shard, epoch }) => [shard, epoch]));
    for (const { shard, epoch } of this.shards) {
      if (epochs.get(shard) === epoch) continue;
      this.#remove(shard);
      this.#options.observer.warn('the lease of a shard ran out before it was renewed', { shard, epoch });
    }
    for (const lease of held) this.#carry(lease);
  }

  #carry(lease: Lease): void {
    if (!this.#shards.has(lease.shard)) this.#shards.set(lease.shard, new CarriedShard(lease));
  }

  #remove(shard: number): void {
    const carried = this.#shards.get(shard);
    if (carried) carried.releasing = true; // a lane may have it in hand
    this.#shards.delete(shard);
  }

  /** Gives back `surplus` shards as soon as nothing of them is on its way; halted ones last, they would be no gift. */
  async #giveAway(surplus: number): Promise<void> {
    const chosen = this.shards
      .toSorted(
        (a, b) => Number(b.releasing) - Number(a.releasing) || Number(Boolean(a.halted)) - Number(Boolean(b.halted)),
      )
      .slice(0, Math.max(0, surplus));
    for (const carried of this.shards) carried.releasing = chosen.includes(carried);
    const still = chosen.filter(({ inFlight }) => !inFlight);
    if (still.length === 0) return;
    await this.#progress.write(still);
    await this.#leases.release(still);
    for (const { shard } of still) this.#remove(shard);
  }

  async #take(count: number): Promise<void> {
    if (count <= 0) return;
    for (const lease of await this.#leases.take(count)) this.#carry(lease);
  }

  /** Looks at the ends of partitions that nobody has looked at, and sees to it that every broker has its lane. */
  #look(): void {
    const now = performance.now();
    const unopened = this.shards.filter(
      ({ sent, halted, releasing }) => sent === undefined && !releasing && (!halted || halted.untilMs <= now),
    );
    if (this.#asking) return;
    if (unopened.length > 0 && now >= this.#openNotBefore) this.#ask(this.#open(unopened));
    else if (now - this.#leadersAt > leadersMs && this.shards.some(({ open }) => open))
      this.#ask(this.#refreshLeaders());
  }

  /** Beside the renewal of the leases, which must not wait for Kafka. */
  #ask(work: Promise<void>): void {
    this.#asking = work.finally(() => (this.#asking = undefined));
  }

  async #open(unopened: readonly CarriedShard[]): Promise<void> {
    try {
      await this.#opening.open(unopened);
      this.#leadersAt = performance.now();
      this.#openLanes();
      this.#silentSince = undefined;
    } catch (error) {
      this.#silentSince ??= performance.now();
      this.#openNotBefore = performance.now() + openRetryMs;
      this.#options.observer.failed(error, 1);
    }
  }

  async #refreshLeaders(): Promise<void> {
    this.#leadersAt = performance.now();
    const leaders = await this.#opening.leaders().catch(() => undefined); // sending says what is wrong
    for (const carried of this.shards) carried.leader = leaders?.get(carried.shard) ?? carried.leader;
    this.#openLanes();
  }

  #openLanes(): void {
    const { pool, gatherMs, sendTimeoutMs, observer } = this.#options;
    const ended = (outcome: SendOutcome): void => {
      this.#silentSince = outcome === 'silent' ? (this.#silentSince ?? performance.now()) : undefined;
      if (outcome !== 'stored') this.#leadersAt = 0; // perhaps another broker leads now
    };
    for (const { leader } of this.shards) {
      if (this.#lanes.has(leader) || this.#stop.signal.aborted) continue;
      const lane = new Lane({
        pool,
        wakeups: this.#wakeups,
        sender: new Sender({ kafka: this.#kafka, topic: this.#topic, timeoutMs: sendTimeoutMs, ended }),
        observer,
        gatherMs,
        sendTimeoutMs,
        shards: () => this.shards.filter((carried) => carried.leader === leader && carried.open),
        sureUntil: () => this.#sureUntil,
      });
      this.#lanes.set(leader, lane);
    }
  }

  /** Nothing has gone to Kafka for long, although there was something to send: perhaps only we are cut off from it. */
  #isIll(): boolean {
    return this.#silentSince !== undefined && performance.now() - this.#silentSince > this.#options.illMs;
  }

  /** Leaves every shard to the other relays until Kafka answers again. */
  async #recuperate(): Promise<void> {
    if (this.#shards.size > 0) {
      this.#options.observer.warn('nothing could be sent to Kafka for long: the shards are left to other relays', {
        shards: this.#shards.size,
      });
      const held = this.shards;
      for (const { shard } of held) this.#remove(shard);
      await this.#leases.release(held);
    }
    await this.#leases.leave();
    await sleep(recuperateMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    await Promise.race([this.#opening.leaders(), this.#stopped]);
    this.#silentSince = undefined;
  }
}
