import type { Logger } from '#platform/logging';
import type { EachBatchPayload, KafkaMessage, Producer } from 'kafkajs';

import type { DeadLetters } from '../desk/dead-letters.js';
import type { Desk } from '../desk/desk.js';
import { patiently } from '../desk/patience.js';
import { isTrouble } from '../desk/trouble.js';
import type { DeadLetter, Verdict } from '../desk/verdict.js';
import type { WorkerMetrics } from '../metrics.js';
import type { IncomingRecord } from '../record/command-record.js';
import { claimsOf } from '../record/command-record.js';
import { inBatches } from './batches.js';
import { inLanes } from './lanes.js';
import { Pulse } from './pulse.js';

export interface PartitionWorkParts {
  desk: Pick<Desk, 'take'>;
  letters: Pick<DeadLetters, 'keep'>;
  producer: Pick<Producer, 'send'>;
  topics: { results: string; deadLetters: string };
  metrics: WorkerMetrics;
  logger: Logger;
}

/** Records whose results are published together, before their offsets are committed. */
const chunkSize = 200;
/** Commands of different subjects that are carried out at once, in one partition. */
const width = 64;

/**
 * Works through what was fetched of one partition: the results first, then the offsets. Whoever dies in between leaves the records to
 * the next one, who finds the commands carried out and answers `duplicate`.
 */
export class PartitionWork {
  constructor(private readonly parts: PartitionWorkParts) {}

  /** Once it is `over`, waits end, what is being done is done to its end, and nothing more is begun or committed. */
  async read(payload: EachBatchPayload, over: AbortSignal): Promise<void> {
    const { batch } = payload;
    const pulse = new Pulse(() => payload.heartbeat(), over);
    const cameMs = performance.now();
    try {
      for (let from = 0; from < batch.messages.length; from += chunkSize) {
        if (!payload.isRunning() || payload.isStale() || over.aborted) return;
        const chunk = batch.messages.slice(from, from + chunkSize);
        const records = chunk.map((message) => ({ partition: batch.partition, message, cameMs }));
        await this.#work(records, pulse.signal);
        pulse.check();
        await commit(payload, chunk);
        this.parts.metrics.lag(batch.partition, Number(batch.highWatermark) - Number(chunk.at(-1)?.offset) - 1);
      }
    } catch (error) {
      pulse.check(); // the coordinator's word explains the interruption, and lets the client join again
      if (over.aborted) return; // not committed: the next one begins here
      throw error;
    } finally {
      pulse.stop();
    }
  }

  async #work(records: readonly IncomingRecord[], signal: AbortSignal): Promise<void> {
    const verdicts = await inLanes(records, laneOf, width, (record) => this.parts.desk.take(record, signal));
    await patiently(() => this.#publish(verdicts), { signal, again: (error) => this.#waitsFor(error) });
    for (const { outcome, letter } of verdicts) this.parts.metrics.done(outcome, letter?.reason);
  }

  async #publish(verdicts: readonly Verdict[]): Promise<void> {
    const { producer, topics, letters } = this.parts;
    const lettersOf = verdicts
      .map(({ letter }) => letter)
      .filter((letter): letter is DeadLetter => letter !== undefined);
    const deadLetters = await letters.keep(lettersOf);
    const results = verdicts.map(({ reply }) => reply).filter((reply) => reply !== undefined);
    for (const messages of inBatches(deadLetters))
      await producer.send({ topic: topics.deadLetters, acks: -1, messages });
    for (const messages of inBatches(results)) await producer.send({ topic: topics.results, acks: -1, messages });
  }

  /** Nothing here is about a command: whatever fails is waited out. */
  #waitsFor(error: unknown): boolean {
    const { logger } = this.parts;
    const context = { error: error instanceof Error ? error.message : String(error) };
    if (isTrouble(error)) logger.warn(context, 'results wait to be published');
    else logger.error(context, 'results cannot be published; trying again');
    return true;
  }
}

const commit = async (payload: EachBatchPayload, done: readonly KafkaMessage[]): Promise<void> => {
  const { topic, partition } = payload.batch;
  const last = done.at(-1)?.offset ?? '0';
  payload.resolveOffset(last);
  const offset = String(BigInt(last) + 1n);
  await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
};

/** Commands about one thing of a tenant follow each other; one that makes something new follows only its own repeats. */
const laneOf = (record: IncomingRecord): string => {
  const { tenant, subject, producer, messageId } = claimsOf(record);
  return JSON.stringify(subject === undefined ? [tenant, producer, messageId] : [tenant, subject]);
};
