import { setTimeout as sleep } from 'node:timers/promises';

import type { EventRow } from '#event-store';
import { allShards } from '#event-store';
import { readRows, recordOf } from '#log';
import { openProducer } from '#platform/kafka';
import type { Kafka, Producer } from 'kafkajs';
import type { Pool } from 'pg';

const pollMs = 10;
const batchSize = 500;

/** Brings every event of a database into a topic, in order and by whatever it takes, as a relay does: the contract needs no more. */
export class Feeder {
  readonly #pool: Pool;
  readonly #topic: string;
  readonly #producer: Producer;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(pool: Pool, kafka: Kafka, topic: string) {
    this.#pool = pool;
    this.#topic = topic;
    this.#producer = openProducer(kafka);
  }

  async start(): Promise<void> {
    await this.#producer.connect();
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#producer.disconnect();
  }

  async #run(): Promise<void> {
    const positions = new Map<number, number>();
    while (!this.#stop.signal.aborted) {
      try {
        const rows = await readRows(this.#pool, positions, allShards, batchSize);
        if (rows.length > 0) await this.#send(rows);
        for (const row of rows) positions.set(row.shard, Number(row.position));
        if (rows.length === 0) await sleep(pollMs);
      } catch {
        await sleep(100); // sends the same again: what was stored though nobody heard of it is there twice
      }
    }
  }

  async #send(rows: readonly EventRow[]): Promise<void> {
    await this.#producer.send({ topic: this.#topic, acks: -1, messages: rows.map((row) => recordOf(row, 1)) });
  }
}
