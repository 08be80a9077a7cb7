import { randomUUID } from 'node:crypto';

import type { Log, LogIncident, LogObserver, Subscription, SubscriptionOptions } from '#log';

import type { TestDatabase } from '../database/index.js';
import type { Effect } from './effects.js';
import { createEffects, deadLettersOf, effectsOf, recordEffects } from './effects.js';
import { StreamWriter } from './log-writer.js';

/** What an adapter brings to be tested. */
export interface LogSetUp {
  database: TestDatabase;
  /** Opens the log as one more process would, logged in as billing_projector. */
  open(observer: LogObserver): Log;
  tearDown(): Promise<void>;
}

/** What the cases of a contract work with: one log for the whole suite, one consumer for each case. */
export class Rig<SetUp extends LogSetUp = LogSetUp> {
  warnings: string[] = [];
  incidents: LogIncident[] = [];
  consumer = '';
  #setUp: SetUp | undefined;
  #writers: StreamWriter[] = [];
  #logs: Log[] = [];

  /** Call it in a `describe`: it is set up before its cases. */
  constructor(setUp: () => Promise<SetUp>) {
    beforeAll(async () => {
      this.#setUp = await setUp();
      await createEffects(this.database);
      this.#writers = [await StreamWriter.in(this.database, 3), await StreamWriter.in(this.database, 12)];
    }, 60_000);
    afterAll(() => this.#setUp?.tearDown(), 60_000);
    beforeEach(() => {
      this.warnings = [];
      this.incidents = [];
      this.consumer = `projector:contract-${randomUUID()}`;
    });
    afterEach(() => this.closeLogs());
  }

  get setUp(): SetUp {
    if (!this.#setUp) throw new Error('not set up');
    return this.#setUp;
  }

  get database(): TestDatabase {
    return this.setUp.database;
  }

  /** Writes to shard 3. */
  get one(): StreamWriter {
    return this.#writer(0);
  }

  /** Writes to shard 12: two processes that share the shards in turn have one of both each. */
  get other(): StreamWriter {
    return this.#writer(1);
  }

  #writer(at: number): StreamWriter {
    const writer = this.#writers[at];
    if (!writer) throw new Error('not set up');
    return writer;
  }

  /** Opens the log as a process of its own. */
  open(): Log {
    const opened = this.setUp.open({
      warn: (message) => this.warnings.push(message),
      count: (incident) => this.incidents.push(incident),
    });
    this.#logs.push(opened);
    return opened;
  }

  async closeLogs(): Promise<void> {
    await Promise.all(this.#logs.splice(0).map((opened) => opened.close()));
  }

  /** Subscribes as a process of its own; records effects unless told otherwise. */
  subscribe(options: Partial<SubscriptionOptions> = {}): Promise<Subscription> {
    const { consumer } = this;
    return this.open().subscribe({ consumer, handle: recordEffects(consumer), retryMs: 100, ...options });
  }

  effects(): Promise<Effect[]> {
    return effectsOf(this.database, this.consumer);
  }

  /** The versions of a stream that took effect, in the order in which they did. */
  async versionsOf(stream: string): Promise<number[]> {
    return (await this.effects()).filter((effect) => effect.stream === stream).map(({ version }) => version);
  }

  /** Every version of a stream took effect once, in order. */
  async expectStreamOnce(stream: string, versions: number): Promise<void> {
    expect(await this.versionsOf(stream)).toEqual(Array.from({ length: versions }, (_, at) => at + 1));
  }

  letters(): ReturnType<typeof deadLettersOf> {
    return deadLettersOf(this.database, this.consumer);
  }

  /** The last position of each shard. */
  async ends(): Promise<Map<number, number>> {
    const { rows } = await this.database.admin.query<{ shard: number; position: string }>(
      'select shard, position from billing.log_head',
    );
    return new Map(rows.map(({ shard, position }) => [shard, Number(position)]));
  }

  /** Everything that ever was appended took effect once, in the order of each shard, without a gap. */
  async expectEverythingOnce(): Promise<void> {
    const seen = await this.effects();
    for (const [shard, end] of await this.ends()) {
      const positions = seen.filter((effect) => effect.shard === shard).map(({ position }) => position);
      expect(positions).toEqual(Array.from({ length: end }, (_, at) => at + 1));
    }
  }
}

/** Resolves once `holds` does; the test's own time-out is the bound. */
export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};
