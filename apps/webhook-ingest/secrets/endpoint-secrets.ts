import type { Environment, OpenedLimits, PlatformKeys, PostgresProcessorSecrets, StoredSecret } from '#keys';
import { KeyManagementUnavailable, OpenedSecrets } from '#keys';
import { Age } from '#platform/age';
import type { Logger } from '#platform/logging';

import type { IngestMetrics } from '../metrics.js';
import { openSecret } from './open-secret.js';

/** How long secrets are used before they are read again: by then a revoked one is gone. */
const maxAgeMs = 30_000;
/** How soon they are read again for a delivery that none of them verifies, which anybody can send, or that one of them could not be opened for. */
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
  /** How long an opened secret is used before the KMS is asked again: five minutes by default, and an hour while it is away. */
  opened?: OpenedLimits;
}

/**
 * The signing secrets of Stripe's webhook endpoints, opened, by account. All are read at once, so that a name costs no query;
 * one that does not open, for good or just now, is passed over, and hurts no other endpoint.
 */
export class EndpointSecrets {
  readonly #parts: EndpointSecretsParts;
  #byAccount = new Map<string, readonly Secret[]>();
  /** Accounts with one that the KMS could not open when it was last asked, and why. */
  #waiting = new Map<string, KeyManagementUnavailable>();
  readonly #opened: OpenedSecrets;
  readonly #age = new Age();
  #reading: Promise<void> | undefined;
  /** Those that did not open when they were last read, as `account/version`. */
  #closed: ReadonlySet<string> = new Set();

  constructor(parts: EndpointSecretsParts) {
    this.#parts = parts;
    this.#opened = new OpenedSecrets(parts.opened);
  }

  /** Those of an endpoint that are valid at `now`, the newest first: two at most; none where none is stored. */
  async of(account: string, now: Date): Promise<readonly string[]> {
    if (this.#age.at(now) > (this.#waiting.has(account) ? minAgeMs : maxAgeMs)) await this.#read(now);
    return this.#valid(account, now);
  }

  /** Those of an endpoint, where they are other ones by now than `known`. */
  async newer(account: string, known: readonly string[], now: Date): Promise<readonly string[] | undefined> {
    if (this.#age.at(now) > minAgeMs) await this.#read(now);
    const valid = this.#valid(account, now);
    return valid.length > 0 && valid.some((secret) => !known.includes(secret)) ? valid : undefined;
  }

  /** Why not all of an endpoint's secrets are open; undefined where they are. What none of the others verifies may be signed with that one. */
  troubleOf(account: string): KeyManagementUnavailable | undefined {
    return this.#waiting.get(account);
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
    const waiting = new Map<string, KeyManagementUnavailable>();
    const closed: StoredSecret[] = [];
    const stored = await store.valid({ processor: 'stripe', environment, kind: 'webhook' }, now);
    this.#opened.keep(stored.map(nameOf));
    const opened = await this.#open(stored, now);
    for (const [at, each] of stored.entries()) {
      const secret = opened[at];
      if (secret === undefined) closed.push(each);
      else if (secret instanceof KeyManagementUnavailable) waiting.set(each.account, secret);
      else byAccount.set(each.account, [...(byAccount.get(each.account) ?? []), { secret, retiresAt: each.retiresAt }]);
    }
    this.#byAccount = byAccount;
    this.#waiting = waiting;
    this.#age.renew(now);
    this.#tellOf(closed);
  }

  /** Each in its place: the secret, undefined for one that never opens, or why it does not just now. */
  async #open(stored: readonly StoredSecret[], now: Date): Promise<(string | KeyManagementUnavailable | undefined)[]> {
    const opened: (string | KeyManagementUnavailable | undefined)[] = [];
    for (let at = 0; at < stored.length; at += atOnce)
      opened.push(...(await Promise.all(stored.slice(at, at + atOnce).map((each) => this.#openOne(each, now)))));
    return opened;
  }

  async #openOne(stored: StoredSecret, now: Date): Promise<string | KeyManagementUnavailable | undefined> {
    const { keys } = this.#parts;
    const kept: Pick<PlatformKeys, 'openWebhookSecret'> = {
      openWebhookSecret: (place, ciphertext) =>
        this.#opened.open({ name: nameOf(stored), ciphertext }, now, () => keys.openWebhookSecret(place, ciphertext)),
    };
    try {
      return await openSecret(kept, stored);
    } catch (error) {
      if (error instanceof KeyManagementUnavailable) return error;
      throw error;
    }
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

const nameOf = ({ account, version }: StoredSecret): string => `${account}/${version}`;
