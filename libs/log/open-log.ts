import type { KafkaSettings } from '#platform/kafka';
import type { Pool } from 'pg';

import { KafkaLog } from './kafka/kafka-log.js';
import type { Log, LogObserver } from './port.js';
import { PostgresLog } from './postgres/postgres-log.js';

export interface OpenLogOptions {
  /** Logs in as the role of the app that reads. */
  pool: Pool;
  /** For the connection that listens where the log is read from Postgres. */
  databaseUrl: string;
  /** Undefined reads from Postgres. */
  kafka: KafkaSettings | undefined;
  /** Names this process to the brokers, such as `projector`. */
  app: string;
  observer: LogObserver;
}

/** The log over the adapter that is configured. Never fails because Kafka is away: it is joined once it is there. */
export const openLog = ({ pool, databaseUrl, kafka, app, observer }: OpenLogOptions): Log =>
  kafka ? new KafkaLog({ pool, settings: kafka, app, observer }) : new PostgresLog(pool, databaseUrl, observer);
