import type { Kafka, KafkaJSProtocolError, Message, Producer } from 'kafkajs';

/** Raised when the broker did not answer in time. What it was sent may have been stored. */
export class AnswerLate extends Error {
  constructor(timeoutMs: number) {
    super(`Kafka did not answer within ${timeoutMs} ms`);
    this.name = 'AnswerLate';
  }
}

export interface SenderOptions {
  kafka: Kafka;
  topic: string;
  timeoutMs: number;
  /** Told after each request what became of it. */
  ended: (outcome: SendOutcome) => void;
}

/** `silent`: Kafka did not answer, or there was no way to it. */
export type SendOutcome = 'stored' | 'refused' | 'silent';

/** How much sooner the broker is to give up than we do, so that it can say why. */
const brokersHeadStartMs = 500;

/**
 * Sends batches and says whether Kafka has stored them: acks=all, and never `idempotent`, with which kafkajs loses acknowledged
 * records. It tries once: whoever sends decides what comes after a failure, because only it knows whether the shard is still its own.
 */
export class Sender {
  readonly #options: SenderOptions;
  #producer: Promise<Producer> | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /**
   * Resolves once every record is stored, within the time-out. After any failure some of them may be stored.
   * @throws AnswerLate, or what Kafka said: `refusalOf` tells
   */
  async send(messages: Message[]): Promise<void> {
    const { topic, timeoutMs, ended } = this.#options;
    this.#producer ??= this.#connect();
    const producer = this.#producer;
    const timeout = timeoutMs - brokersHeadStartMs;
    const stored = producer.then((each) => each.send({ topic, acks: -1, timeout, messages }));
    try {
      await within(stored, timeoutMs);
      ended('stored');
    } catch (error) {
      const isRefused = refusalOf(error) !== undefined;
      // A connection that was cut swallows requests for minutes: the next batch gets another one.
      if (!isRefused && this.#producer === producer) this.#drop();
      ended(isRefused ? 'refused' : 'silent');
      throw error;
    }
  }

  close(): void {
    this.#drop();
  }

  async #connect(): Promise<Producer> {
    const producer = this.#options.kafka.producer({
      idempotent: false,
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
      retry: { retries: 0 },
    });
    await producer.connect();
    return producer;
  }

  /** Closing waits for requests that are not answered; nothing waits for that. */
  #drop(): void {
    const producer = this.#producer;
    this.#producer = undefined;
    producer?.then((each) => each.disconnect()).catch(() => undefined);
  }
}

const within = async (work: Promise<unknown>, timeoutMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AnswerLate(timeoutMs));
    }, timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined); // fails later, when nobody waits any more
  }
};

/** The name of the error that the broker answered with, such as MESSAGE_TOO_LARGE; undefined when it did not answer. */
export const refusalOf = (error: unknown): string | undefined => {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    if (at.name === 'KafkaJSProtocolError') return (at as KafkaJSProtocolError).type; // the class is no named export of a CommonJS module
  }
  return undefined;
};
