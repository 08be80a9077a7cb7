import { setTimeout as sleep } from 'node:timers/promises';

import type { LogIdentity, TreeHead } from '#audit';
import { DueShards, Wakeups } from '#log';

import { LookBack } from './anchors/index.js';
import { KeptLease } from './lease/kept-lease.js';
import { SealingLease } from './lease/lease.js';
import type { AnchorObserver } from './observer.js';
import type { CheckpointAnchor, LastingAnchor } from './ports.js';
import type { PublicationOptions } from './publication/publication.js';
import { Publication } from './publication/publication.js';
import { assertExtendsAnchors } from './publication/start-check.js';
import { openSealing } from './sealing/open-sealing.js';
import type { Sealing, SealingOptions } from './sealing/sealing.js';
import type { StopReason } from './stopped.js';
import { Overtaken, SealingStopped } from './stopped.js';

export interface MerkleAnchorOptions
  extends Omit<SealingOptions, 'assertMayWrite'>, Omit<PublicationOptions, 'assertMayWrite' | 'observer' | 'anchors'> {
  anchors: readonly LastingAnchor[];
  /** For the listening connection. */
  databaseUrl: string;
  /** Least time from one checkpoint to the next. */
  checkpointMs: number;
  /** What is held against the tree at the start besides `anchors`: it keeps checkpoints, and publication does not wait for it. */
  otherKeepers?: readonly CheckpointAnchor[];
  /** Whose checkpoints are of this log, older ones too. By default only those of the keys that sign now. */
  identity?: () => Promise<LogIdentity>;
  observer: AnchorObserver;
  /** How long the lease lasts that is not renewed: a dead anchor is replaced after that. Default 10,000. */
  leaseMs?: number;
  /** How often the lease is renewed, and who waits for it looks. Default 2,000. */
  renewMs?: number;
  /** How often what readers are given is looked at, in case a writer of before put an older checkpoint there. Default 10,000. */
  healMs?: number;
  /** How often it is looked whether the anchors still have what they kept. Default 60,000. */
  lookBackMs?: number;
}

/** What an anchor does at present. */
export type Standing =
  | { state: 'starting' | 'standby' }
  | { state: 'sealing'; size: number; published: TreeHead }
  | { state: 'stopped'; reason: StopReason; message: string };

/** How often every shard is looked at, whether it was woken for or not. */
const lookMs = 1_000;
/** Leaves that are sealed before a checkpoint is due: a long backlog shows that it moves. */
const leavesBeforeCheckpoint = 250_000;
/** Steps that no checkpoint covers: with so many, nothing more is sealed until one is published. */
const maxUnpublishedSteps = 10_000;
const longestBackoffMs = 10_000;

/** The log while this process seals it. */
interface Work {
  sealing: Sealing;
  published: TreeHead | undefined;
  /** When the oldest event was recorded that no checkpoint covers. */
  oldest: string | undefined;
  /** The event table had more than was sealed at the last look. */
  hasMore: boolean;
}

/**
 * Seals the event table into the Merkle tree and publishes checkpoints of it. Any number of anchors may run: the one that has the lease works, and
 * the others stand by. What passes is tried again; what could make it sign something that is not so stops it until a person has looked.
 */
export class MerkleAnchor {
  readonly #options: Required<Omit<MerkleAnchorOptions, 'identity'>> & Pick<MerkleAnchorOptions, 'identity'>;
  readonly #wakeups: Wakeups;
  readonly #due: DueShards;
  readonly #lease: SealingLease;
  readonly #kept: KeptLease;
  readonly #publication: Publication;
  readonly #lookBack: LookBack;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #work: Work | undefined;
  #stopped: SealingStopped | undefined;
  #isStandby = false;
  #failures = 0;
  #lastFailure: unknown;
  #checkpointAt = Number.NEGATIVE_INFINITY;
  #healedAt = Number.NEGATIVE_INFINITY;

  constructor(options: MerkleAnchorOptions) {
    this.#options = {
      leaseMs: 10_000,
      renewMs: 2_000,
      healMs: 10_000,
      lookBackMs: 60_000,
      otherKeepers: [],
      ...options,
    };
    const { pool, databaseUrl, observer, anchors, leaseMs, renewMs, lookBackMs } = this.#options;
    const warn: AnchorObserver['warn'] = (message, context) => {
      observer.warn(message, context);
    };
    this.#wakeups = new Wakeups(databaseUrl, { warn });
    this.#due = new DueShards(this.#wakeups, lookMs);
    this.#lease = new SealingLease(pool, leaseMs);
    this.#kept = new KeptLease(this.#lease, renewMs, warn);
    this.#lookBack = new LookBack({ anchors, everyMs: lookBackMs, warn });
    this.#publication = new Publication({ ...this.#options, assertMayWrite: this.#assertMayWrite });
  }

  /** Starts to seal, or to stand by. Postgres, the store and everything else may be away: it is tried until it is there. */
  start(): void {
    this.#running ??= this.#run();
  }

  get standing(): Standing {
    if (this.#stopped) return { state: 'stopped', reason: this.#stopped.reason, message: this.#stopped.message };
    const published = this.#work?.published;
    if (this.#work && published) return { state: 'sealing', size: this.#work.sealing.tree.head().size, published };
    return { state: this.#isStandby ? 'standby' : 'starting' };
  }

  /** How often in a row it failed to do what it is there for. */
  get failures(): number {
    return this.#failures;
  }

  /** What failed last of that; undefined while nothing does. */
  get lastFailure(): unknown {
    return this.#lastFailure;
  }

  /** Milliseconds since the last checkpoint that this process published or found published; infinite where there was none. */
  get sinceCheckpointMs(): number {
    return performance.now() - this.#checkpointAt;
  }

  /** Ends after the step at hand and gives the lease back. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wakeups.wakeAll();
    await this.#running;
    await this.#kept.close();
    await this.#lease.release().catch((error: unknown) => {
      this.#options.observer.warn('the lease was not given back; it is free when it runs out', {
        error: String(error),
      });
    });
    await this.#wakeups.close();
    await this.#lookBack.close();
  }

  readonly #assertMayWrite = (): void => {
    if (this.#stop.signal.aborted) throw new Overtaken('this process is stopping');
    this.#lease.assertSure();
  };

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#turn();
        this.#failures = 0;
        this.#lastFailure = undefined;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (error instanceof SealingStopped) return await this.#halt(error);
        await this.#recover(error);
      }
    }
  }

  async #turn(): Promise<void> {
    const { renewMs } = this.#options;
    const held = await this.#kept.hold();
    if (held !== 'kept') this.#work = undefined; // somebody else may have gone on with the log
    this.#isStandby = held === 'others';
    if (this.#isStandby) return this.#sleep(renewMs);
    this.#work ??= await this.#open();
    await this.#heal(this.#work); // first: what keeps the next checkpoint back keeps nobody from being given the last
    if (this.#work.published) this.#lookBack.goOn(this.#work.published.size);
    if (await this.#advance(this.#work)) return;
    if (!this.#stop.signal.aborted) await this.#due.next(); // what woke it to close may have been taken for news of a shard
  }

  async #open(): Promise<Work> {
    const { store, origin, signers, anchors, otherKeepers } = this.#options;
    const keys = (await signers.current()).map(({ key }) => key);
    const identity = (await this.#options.identity?.()) ?? { origin, keys };
    const extendsAnchors = (head: TreeHead) => assertExtendsAnchors(store, head, origin, [...anchors, ...otherKeepers]);
    const { sealing, published } = await openSealing({
      ...this.#options,
      assertMayWrite: this.#assertMayWrite,
      identity,
      assertExtendsAnchors: extendsAnchors,
    });
    await extendsAnchors(sealing.tree.head());
    await this.#lookBack.begin(published?.size);
    this.#due.giveBack();
    this.#checkpointAt = performance.now() - this.#options.checkpointMs;
    return { sealing, published, oldest: undefined, hasMore: false };
  }

  /** Seals what is there, and publishes when a checkpoint is due. Gives whether there may be more to do at once. */
  async #advance(work: Work): Promise<boolean> {
    if (!work.published) await this.#publishFirst(work);
    if (!work.hasMore) await this.#sleep(Math.min(this.#restMs(), lookMs));
    work.hasMore = await this.#seal(work);
    if (work.sealing.tree.head().size === work.published?.size) return work.hasMore;
    if (this.#restMs() <= 0) await this.#publish(work);
    return true;
  }

  /** The first checkpoint of all, of nothing: who keeps one of this log already speaks now. Who is away keeps nothing from being sealed. */
  async #publishFirst(work: Work): Promise<void> {
    try {
      await this.#publish(work);
    } catch (error) {
      if (!(error instanceof SealingStopped || error instanceof Overtaken)) await this.#seal(work);
      throw error;
    }
  }

  /** Until the next checkpoint may be signed. */
  #restMs(): number {
    return this.#checkpointAt + this.#options.checkpointMs - performance.now();
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  async #seal(work: Work): Promise<boolean> {
    const { observer } = this.#options;
    const { sealing } = work;
    if (sealing.tree.unpublished >= maxUnpublishedSteps) return false;
    const shards = this.#due.take();
    if (shards.length === 0) return false;
    try {
      const { leaves, more, oldest } = await sealing.seal(shards, (sealed) => sealed >= leavesBeforeCheckpoint);
      if (more) this.#due.giveBack();
      if (leaves > 0) observer.sealed(leaves);
      work.oldest ??= oldest;
      return more;
    } catch (error) {
      this.#work = undefined; // the tree in memory may be ahead of its files
      throw error;
    }
  }

  async #publish(work: Work): Promise<void> {
    const begun = performance.now();
    const head = await this.#publication.publish(work.sealing.tree);
    this.#checkpointAt = begun;
    work.published = head;
    this.#options.observer.published(head, work.oldest);
    work.oldest = undefined;
  }

  /** A writer of before, paused until now, may have put an older checkpoint, or older keys, in the place of ours: no fork, but readers would be told less. */
  async #heal({ published, sealing }: Work): Promise<void> {
    if (!published || performance.now() - this.#healedAt < this.#options.healMs) return;
    this.#healedAt = performance.now();
    if (!(await this.#publication.heal(published, sealing.tree.head())) && this.#work) await this.#publish(this.#work);
  }

  async #recover(error: unknown): Promise<void> {
    if (error instanceof Overtaken) {
      this.#work = undefined;
      this.#options.observer.warn('another anchor may seal: the log is read anew', { reason: error.message });
      await this.#sleep(1);
      return;
    }
    this.#failures += 1;
    this.#lastFailure = error;
    this.#due.giveBack();
    this.#options.observer.failed(error, this.#failures);
    await this.#sleep(Math.min(50 * 2 ** this.#failures, longestBackoffMs));
  }

  /** Signs nothing more until a person has looked and started it again. Another anchor may take the lease: it comes to see the same. */
  async #halt(error: SealingStopped): Promise<void> {
    this.#stopped = error;
    this.#work = undefined;
    this.#options.observer.stopped(error.reason, error.message);
    await this.#kept.release().catch(() => undefined);
  }
}
