import { randomUUID } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';

import { topics } from '#contracts';
import { Kafka, logLevel } from 'kafkajs';

import { within } from './bounds.js';
import type { Command } from './commands.js';
import { prepare } from './commands.js';
import { ClientClosed, CommandRejected, NotSettled, ResultTimeout } from './errors.js';
import type { BillingEvent, EventAmong, EventType, EventsOptions } from './events.js';
import { readEvents } from './events.js';
import type { CommandResult } from './generated/command-result.js';
import type { HttpOptions } from './http.js';
import { Http } from './http.js';
import type { PaymentHistoryOptions, PaymentHistoryPage } from './payment-history.js';
import { historyPath } from './payment-history.js';
import type { Payment } from './payment.js';
import { commandIdOf, recordOf } from './record.js';
import { ResultReader } from './results.js';
import { Sender } from './sender.js';
import { settlingEvent } from './settled.js';
import type { ProducerOptions } from './signature.js';
import { CommandSigner } from './signature.js';

export interface KafkaOptions {
  /** `host:port`, one at least. */
  brokers: string[];
  /** TLS: `true`, or certificates as node:tls takes them. */
  ssl?: boolean | ConnectionOptions;
  /** SCRAM-SHA-512. */
  sasl?: { username: string; password: string };
  /** Before every topic and group name, as KAFKA_TOPIC_PREFIX of the service. */
  topicPrefix?: string;
}

export interface ClientOptions {
  kafka: KafkaOptions;
  http: HttpOptions;
  producer: ProducerOptions;
  /** What the Kafka client has to say, for your log. Never a record's content. */
  warn?: (message: string) => void;
}

/** A command that the brokers have stored. */
export interface SentCommand {
  /** The idempotency key: send the same command with it again when you do not learn what became of it. */
  messageId: string;
  /** `metadata.causationId` of the events that the command leads to. */
  commandId: string;
  /**
   * What became of it: accepted, or a duplicate of one that was. Throws CommandRejected with the reason; ResultTimeout after `timeoutMs`
   * (30,000 unless told), and ResultsUnavailable or ClientClosed when nobody can know.
   */
  result: (timeoutMs?: number) => Promise<CommandResult>;
  /**
   * Waits for the result and then for the processor: the event that settled the command, such as PaymentCaptured or PaymentFailed, read over
   * HTTP. Undefined where nothing had to change. Throws what `result` throws; NotSettled after `timeoutMs` (60,000 unless told).
   */
  settled: (timeoutMs?: number) => Promise<BillingEvent | undefined>;
}

const sendLimitMs = 30_000;

/**
 * An upstream service's way to billing: it publishes signed commands, learns what became of them, and reads its tenant's events. One for
 * a process is enough; nothing connects before the first call. Every wait has an end. Close it before the process ends.
 */
export class BillingClient {
  readonly #signer: CommandSigner;
  readonly #sender: Sender;
  readonly #results: ResultReader;
  readonly #http: Http;
  readonly #disconnect: () => Promise<void>;
  readonly #closing = new AbortController();

  constructor({ kafka: options, http, producer, warn }: ClientOptions) {
    this.#signer = new CommandSigner(producer);
    this.#http = new Http(http);
    const kafka = kafkaOf(options, this.#signer.producer, warn);
    const prefix = options.topicPrefix ?? '';
    // Never `idempotent`, with which kafkajs loses records; the message id makes a repeat harmless.
    const commands = kafka.producer({ idempotent: false, allowAutoTopicCreation: false });
    this.#sender = new Sender(commands, prefix + topics.commands);
    this.#results = new ResultReader(
      kafka,
      prefix + topics.results,
      `${prefix}billing-client.${this.#signer.producer}`,
    );
    this.#disconnect = () => commands.disconnect();
  }

  /**
   * Signs a command and resolves once the brokers have stored it. Throws InvalidCommand and TooManyPending, and nothing has left;
   * SendFailed after 30 s, and it may be stored: send it again with the same `messageId`.
   */
  async send(command: Command): Promise<SentCommand> {
    if (this.#closing.signal.aborted) throw new ClientClosed(command.messageId);
    const messageId = command.messageId ?? randomUUID();
    const prepared = prepare(command, messageId);
    const commandId = commandIdOf(prepared.tenantId, this.#signer.producer, messageId);
    await this.#results.ready(messageId);
    const coming = this.#results.expect(commandId, messageId);
    const record = () => recordOf(prepared, this.#signer, new Date());
    await this.#sender.send({ messageId, bytes: prepared.body.length, record }, sendLimitMs);
    const result = async (timeoutMs = 30_000): Promise<CommandResult> => {
      const outcome = await within(coming, timeoutMs, () => new ResultTimeout(messageId, timeoutMs));
      if (outcome.outcome === 'rejected' || outcome.error) throw new CommandRejected(outcome);
      return outcome;
    };
    const settled = async (timeoutMs = 60_000): Promise<BillingEvent | undefined> => {
      const until = Date.now() + timeoutMs;
      const accepted = await result(timeoutMs);
      const inTime = AbortSignal.timeout(Math.max(1, until - Date.now()));
      const event = await settlingEvent(
        this.#http,
        prepared,
        accepted,
        AbortSignal.any([inTime, this.#closing.signal]),
      );
      if (event !== 'unknown') return event;
      throw inTime.aborted ? new NotSettled(messageId, timeoutMs) : new ClientClosed(messageId);
    };
    return { messageId, commandId, result, settled };
  }

  /** The tenant's events, oldest first; with `follow` as they happen, until `signal` aborts or the client is closed. See EventsOptions. */
  events<T extends EventType = EventType>(
    options: EventsOptions<T> = {},
  ): AsyncGenerator<EventAmong<T>, void, undefined> {
    const signals = [this.#closing.signal, ...(options.signal ? [options.signal] : [])];
    return readEvents(this.#http, { ...options, signal: AbortSignal.any(signals) });
  }

  /**
   * A payment as it is now, or as it is once `minPosition`, the `position` of a command's result, is in the read models. Throws
   * HttpProblem (404 `not_found`) and HttpUnavailable.
   */
  payment(id: string, options: { minPosition?: string; tenantId?: string } = {}): Promise<Payment> {
    return this.#http.json<Payment>(`/v1/payments/${encodeURIComponent(id)}`, options);
  }

  /**
   * A page of the changes of a payment, oldest first, each with its receipt out of the audit log. Throws HttpProblem (404 `payment_not_found`,
   * 400 `invalid_cursor`, 503 `audit_log_inconsistent`) and HttpUnavailable.
   */
  paymentHistory(id: string, options: PaymentHistoryOptions = {}): Promise<PaymentHistoryPage> {
    const { tenantId } = options;
    return this.#http.json<PaymentHistoryPage>(historyPath(id, options), {
      ...(tenantId !== undefined && { tenantId }),
    });
  }

  /**
   * The receipt of an event: a text (C2SP tlog-proof) that shows offline, to whoever has the key of the audit log, that the event is in it.
   * Waits five seconds for a checkpoint that covers a new event. Throws HttpProblem (404 `event_not_found`, 409 `not_yet_anchored`: ask again in
   * a moment, 503 `audit_log_inconsistent`) and HttpUnavailable.
   */
  receipt(eventId: string, options: { tenantId?: string } = {}): Promise<string> {
    return this.#http.text(`/v1/audit/events/${encodeURIComponent(eventId)}/proof`, options);
  }

  /** Ends what is open. Commands that wait for their turn or their result fail with ClientClosed. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#sender.close(), this.#results.close()]);
    await this.#disconnect();
  }
}

const kafkaOf = ({ brokers, ssl, sasl }: KafkaOptions, producer: string, warn: ClientOptions['warn']): Kafka =>
  new Kafka({
    clientId: `billing-client.${producer}`,
    brokers,
    ...(ssl !== undefined && { ssl }),
    ...(sasl && { sasl: { mechanism: 'scram-sha-512', ...sasl } }),
    connectionTimeout: 3_000,
    authenticationTimeout: 5_000,
    requestTimeout: 10_000,
    enforceRequestTimeout: true,
    retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 5 },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ log: { message } }) => {
        warn?.(message);
      },
  });
