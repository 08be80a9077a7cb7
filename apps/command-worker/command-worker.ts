import { topics } from '#contracts';
import type { KafkaSettings } from '#platform/kafka';
import { GroupMember, groupName, openProducer, topicName } from '#platform/kafka';
import type { Logger } from '#platform/logging';
import type { Kafka, Producer } from 'kafkajs';

import { PartitionWork } from './consumer/partition-work.js';
import type { DeadLetters } from './desk/dead-letters.js';
import type { Desk } from './desk/desk.js';
import type { WorkerMetrics } from './metrics.js';

export interface CommandWorkerOptions {
  kafka: Kafka;
  settings: KafkaSettings;
  desk: Pick<Desk, 'take'>;
  letters: Pick<DeadLetters, 'keep' | 'expire'>;
  metrics: WorkerMetrics;
  logger: Logger;
}

const expireEveryMs = 3_600_000;
/** Partitions that are worked on at once in one process. */
const concurrentPartitions = 4;
const maxBytesPerPartition = 1_024 * 1_024;
const leaveWithinMs = 10_000;

/** Takes commands from billing.commands.v1 and answers each in billing.command-results.v1. */
export class CommandWorker {
  readonly #options: CommandWorkerOptions;
  readonly #producer: Producer;
  readonly #member: GroupMember;
  #expiry: NodeJS.Timeout | undefined;

  constructor(options: CommandWorkerOptions) {
    const { kafka, settings, desk, letters, metrics, logger } = options;
    this.#options = options;
    this.#producer = openProducer(kafka);
    const work = new PartitionWork({
      desk,
      letters,
      metrics,
      logger,
      producer: this.#producer,
      topics: {
        results: topicName(settings, topics.results),
        deadLetters: topicName(settings, topics.deadLetters),
      },
    });
    this.#member = new GroupMember({
      kafka,
      groupId: groupName(settings, 'command-worker'),
      topic: topicName(settings, topics.commands),
      warn: (message, context) => {
        logger.warn(context, message);
      },
      concurrentPartitions,
      maxBytesPerPartition,
      leaveWithinMs,
      autoResolve: false,
      read: async (payload, over) => {
        await this.#producer.connect(); // at once when it is connected
        await work.read(payload, over);
      },
    });
  }

  /** Begins to read, as soon as there are brokers. */
  start(): void {
    this.#member.start();
    this.#expire();
    this.#expiry = setInterval(() => {
      this.#expire();
    }, expireEveryMs);
  }

  /** Finishes the commands at hand, publishes their results and leaves the group. */
  async close(): Promise<void> {
    clearInterval(this.#expiry);
    await this.#member.close();
    await this.#producer.disconnect().catch(() => undefined);
  }

  #expire(): void {
    this.#options.letters.expire().catch((error: unknown) => {
      this.#options.logger.warn({ error: String(error) }, 'old dead letters were not deleted; trying again in an hour');
    });
  }
}
