import { CommandHandlingModule, Fingerprints } from '#command-handling';
import { readConfiguration } from '#platform/configuration';
import { NestFactory } from '@nestjs/core';
import { CommandBus } from '@nestjs/cqrs';
import 'reflect-metadata';

import type { KafkaMessage, Message } from 'kafkajs';

import { openCommandWorkerParts } from '../../apps/command-worker/command-worker.parts.js';
import { Desk } from '../../apps/command-worker/desk/desk.js';
import type { Verdict } from '../../apps/command-worker/desk/verdict.js';
import type { TestDatabase } from '../database/index.js';

/** The command worker's desk on a real database, and no broker: records are handed to it. */
export interface OpenDesk {
  /** What becomes of a record that the broker took in at `appendedAt`. */
  take(message: Message, appendedAt?: Date): Promise<Verdict>;
  close(): Promise<void>;
}

export const openDesk = async (database: TestDatabase, dataDirectory: string): Promise<OpenDesk> => {
  const configuration = readConfiguration({
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: dataDirectory,
    DATABASE_URL: database.url('billing_command_worker'),
    KAFKA_BROKERS: '127.0.0.1:1', // nobody listens there, and nobody is asked
    LOG_LEVEL: 'silent',
  });
  const parts = await openCommandWorkerParts(configuration);
  const app = await NestFactory.createApplicationContext(CommandHandlingModule.with(parts), { logger: false });
  const desk = new Desk({ ...parts, bus: app.get(CommandBus), fingerprints: app.get(Fingerprints) });
  const never = new AbortController();
  let offset = 0;
  return {
    take: ({ key, value, headers }, appendedAt = new Date()) => {
      offset += 1;
      const message = {
        key: Buffer.from(String(key)),
        value,
        headers,
        offset: String(offset),
        timestamp: String(appendedAt.getTime()),
        attributes: 0,
        batchContext: { timestampType: 1 }, // LogAppendTime
      } as unknown as KafkaMessage;
      return desk.take({ partition: 0, message, cameMs: performance.now() }, never.signal);
    },
    close: async () => {
      await app.close();
      await parts.close();
    },
  };
};
