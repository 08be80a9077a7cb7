import type { Environment, PlatformKeys, PostgresProcessorSecrets, StoredSecret } from '#keys';
import { Age } from '#platform/age';
import type { Logger } from '#platform/logging';

import type { IngestMetrics } from '../metrics.js';
import { openSecret } from './open-secret.js';

/** How long secrets are used before they are read again: by then a revoked one is gone. */
const maxAgeMs = 30_000;
/** How soon they are read again for a delivery that none of them verifies, which anybody can send. */
const minAgeMs = 1_000;

/** Opened at once: the KMS is asked once for each, and takes its time. */
const atOnce = 16;

interface Secret {
  secret: string;
  retiresAt: Date | null;
}

export interface EndpointSecretsParts {
  environment: Environment;
  store: PostgresProcessorSecrets;
  keys: PlatformKeys;
  metrics: IngestMetrics;
  logger: Logger;
}

/**
 * The signing secrets of Stripe's webhook endpoints, opened, by account. All are read at once, so that a name costs no query;
 * one that does not open is passed over, and hurts no other endpoint.
 */
export class EndpointSecrets {
  readonly #parts: EndpointSecretsParts;
  #byAccount = new Map<string, readonly Secret[]>();
  /** By what is stored: the same text is not opened again, however often it is read. */
  #opened = new Map<string, string>();
  readonly #age = new Age();
  #reading: Promise<void> | undefined;
  /** Those that did not open when they were last read, as `account/version`. */
  #closed: ReadonlySet<string> = new Set();

  constructor(parts: EndpointSecretsParts) {
    this.#parts = parts;
  }

  /** Those of an endpoint that are valid at `now`, the newest first: two at most; none where none is stored. */
  async of(account: string, now: Date): Promise<readonly string[]> {
    if (this.#age.at(now) > maxAgeMs) await this.#read(now);
    return this.#valid(account, now);
  }

  /** Those of an endpoint, where they are other ones by now than `known`. */
  async newer(account: string, known: readonly string[], now: Date): Promise<readonly string[] | undefined> {
    if (this.#age.at(now) > minAgeMs) await this.#read(now);
    const valid = this.#valid(account, now);
    return valid.length > 0 && valid.some((secret) => !known.includes(secret)) ? valid : undefined;
  }

  #valid(account: string, now: Date): readonly string[] {
    return (this.#byAccount.get(account) ?? [])
      .filter(({ retiresAt }) => retiresAt === null || retiresAt > now)
      .map(({ secret }) => secret);
  }

  /** Deliveries that ask at once share one reading. */
  #read(now: Date): Promise<void> {
    this.#reading ??= this.#load(now).finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #load(now: Date): Promise<void> {
    const { environment, store } = this.#parts;
    const byAccount = new Map<string, Secret[]>();
    const closed: StoredSecret[] = [];
    const stored = await store.valid({ processor: 'stripe', environment, kind: 'webhook' }, now);
    const opened = await this.#open(stored);
    for (const each of stored) {
      const secret = opened.get(textOf(each));
      if (secret === undefined) closed.push(each);
      else byAccount.set(each.account, [...(byAccount.get(each.account) ?? []), { secret, retiresAt: each.retiresAt }]);
    }
    this.#byAccount = byAccount;
    this.#opened = opened;
    this.#age.renew(now);
    this.#tellOf(closed);
  }

  /** Those that open, by `textOf`. Of those that were open before the KMS is not asked. */
  async #open(stored: readonly StoredSecret[]): Promise<Map<string, string>> {
    const opened = new Map<string, string>();
    for (let at = 0; at < stored.length; at += atOnce)
      await Promise.all(
        stored.slice(at, at + atOnce).map(async (each) => {
          const text = textOf(each);
          const secret = this.#opened.get(text) ?? (await openSecret(this.#parts.keys, each));
          if (secret !== undefined) opened.set(text, secret);
        }),
      );
    return opened;
  }

  /** Each of them once, and not at every reading. */
  #tellOf(closed: readonly StoredSecret[]): void {
    const { logger, metrics } = this.#parts;
    metrics.secretsClosed(closed.length);
    for (const { account, version } of closed) {
      if (this.#closed.has(`${account}/${version}`)) continue;
      logger.error({ account, version }, 'a stored webhook secret does not open: billing secrets set stores another');
    }
    this.#closed = new Set(closed.map(({ account, version }) => `${account}/${version}`));
  }
}

/** A row and what it holds: moved to another one a text opens nothing. */
const textOf = ({ account, version, ciphertext }: StoredSecret): string => `${account}/${version}/${ciphertext}`;
