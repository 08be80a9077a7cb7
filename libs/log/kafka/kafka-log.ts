import type { KafkaSettings } from '#platform/kafka';
import { groupName, openKafka, topicName } from '#platform/kafka';
import { topics } from '#contracts';
import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';

import { defaultBatchSize, LogSubscription } from '../delivery/subscription.js';
import type { Log, LogObserver, Subscription, SubscriptionOptions } from '../port.js';
import { KafkaRows } from './rows.js';

export interface KafkaLogOptions {
  /** For checkpoints and dead letters; logs in as the consumer's role. */
  pool: Pool;
  settings: KafkaSettings;
  /** Names this process to the brokers. */
  app: string;
  observer: LogObserver;
}

/** The log read from Kafka: the processes of a consumer share the shards as one group. For production. */
export class KafkaLog implements Log {
  readonly #options: KafkaLogOptions;
  readonly #kafka: Kafka;
  readonly #subscriptions: Subscription[] = [];

  constructor(options: KafkaLogOptions) {
    this.#options = options;
    const { settings, app, observer } = options;
    this.#kafka = openKafka({
      settings,
      clientId: `billing-${app}`,
      warn: (message, context) => {
        observer.warn(message, context);
      },
    });
  }

  async subscribe(options: SubscriptionOptions): Promise<Subscription> {
    const { pool, settings, observer } = this.#options;
    const rows = new KafkaRows({
      kafka: this.#kafka,
      topic: topicName(settings, topics.events),
      groupId: groupName(settings, options.consumer),
      batchSize: options.batchSize ?? defaultBatchSize,
      observer,
      pool,
      ...(options.proven === true && { proofs: pool }),
    });
    const subscription = new LogSubscription(pool, observer, rows, options);
    await subscription.start();
    this.#subscriptions.push(subscription);
    return subscription;
  }

  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
  }
}
