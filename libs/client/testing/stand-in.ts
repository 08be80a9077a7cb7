import { topics } from '#contracts';
import type { Consumer, KafkaMessage, Producer } from 'kafkajs';

import { testKafka } from '../../../test/kafka/suite.js';
import type { CommandResult } from '../generated/command-result.js';
import { commandIdOf } from '../record.js';

/** Takes commands as the worker does, and answers as `reply` says, which may be nothing. For specs only. */
export class StandIn {
  static readonly paymentId = '3f1d2c4b-9e8a-4b7c-8d6e-1a2b3c4d5e33';
  readonly taken: { message: KafkaMessage; messageId: string; partition: number }[] = [];
  reply: (result: CommandResult) => CommandResult | undefined = (result) => result;
  readonly #consumer: Consumer;
  readonly #producer: Producer;

  constructor(
    brokers: string[],
    readonly prefix: string,
  ) {
    const kafka = testKafka(brokers);
    this.#consumer = kafka.consumer({ groupId: `${prefix}stand-in`, maxWaitTimeInMs: 50, sessionTimeout: 6_000 });
    this.#producer = kafka.producer();
  }

  async start(): Promise<void> {
    await Promise.all([this.#consumer.connect(), this.#producer.connect()]);
    await this.#consumer.subscribe({ topic: this.prefix + topics.commands, fromBeginning: true });
    await this.#consumer.run({
      eachMessage: ({ message, partition }) => {
        const messageId = message.headers?.ce_id?.toString() ?? '';
        this.taken.push({ message, messageId, partition });
        return this.#answer(message, messageId);
      },
    });
  }

  async #answer({ headers, key }: KafkaMessage, messageId: string): Promise<void> {
    const result = this.reply({
      messageId,
      commandId: commandIdOf(key?.toString() ?? '', headers?.ce_source?.toString() ?? '', messageId),
      type: headers?.ce_type?.toString() ?? '',
      outcome: 'accepted',
      resource: { type: 'payment', id: StandIn.paymentId },
      position: '7:1',
      settled: true,
    });
    if (!result) return;
    const messages = [{ key: result.commandId, value: JSON.stringify(result) }];
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#producer.connect();
        await this.#producer.send({ topic: this.prefix + topics.results, messages });
        return;
      } catch (error) {
        if (tries === 20) throw error; // its broker is being killed
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#consumer.disconnect(), this.#producer.disconnect()]);
  }
}
