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

/** One that the KMS could not open when it was last asked, and why. */
interface Waiting {
  trouble: KeyManagementUnavailable;
  retiresAt: Date | null;
}

/** What is stored was read, and is opened. */
interface Reading {
  /** Once it is read: those that were opened before are at hand. */
  stored: Promise<void>;
  /** Once all are opened. */
  opened: Promise<void>;
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
 * one that does not open, for good or just now, is passed over, and hurts no other endpoint. Those that were opened too long ago are opened again
 * beside the deliveries, which wait for the KMS where nothing of their endpoint is open.
 */
export class EndpointSecrets {
  readonly #parts: EndpointSecretsParts;
  #byAccount: ReadonlyMap<string, readonly Secret[]> = new Map();
  #waiting: ReadonlyMap<string, readonly Waiting[]> = new Map();
  /** Accounts with one that the reading under way has yet to open. */
  #pending: ReadonlySet<string> = new Set();
  readonly #opened: OpenedSecrets;
  /** Since what is stored was read: by that a revoked one is gone. */
  readonly #read = new Age();
  /** Since the KMS was asked last. */
  readonly #asked = new Age();
  #reading: Reading | undefined;
  /** Those that did not open when they were last read, as `account/version`. */
  #closed: ReadonlySet<string> = new Set();

  constructor(parts: EndpointSecretsParts) {
    this.#parts = parts;
    this.#opened = new OpenedSecrets(parts.opened);
  }

  /** Those of an endpoint that are valid at `now` and open, the newest first: two at most; none where none is stored. */
  async of(account: string, now: Date): Promise<readonly string[]> {
    const isDue = this.troubleOf(account, now) !== undefined && this.#asked.at(now) > minAgeMs;
    if (isDue || this.#read.at(now) > maxAgeMs) await this.#readAnew(now).stored;
    if (this.#valid(account, now).length === 0) await this.#whole(account);
    return this.#valid(account, now);
  }

  /** Those of an endpoint, where they are other ones by now than `known`. */
  async newer(account: string, known: readonly string[], now: Date): Promise<readonly string[] | undefined> {
    if (this.#read.at(now) > minAgeMs) await this.#readAnew(now).stored;
    await this.#whole(account);
    const valid = this.#valid(account, now);
    return valid.length > 0 && valid.some((secret) => !known.includes(secret)) ? valid : undefined;
  }

  /** Why not all of an endpoint's secrets are open; undefined where they are. What none of the others verifies may be signed with that one. */
  troubleOf(account: string, now: Date): KeyManagementUnavailable | undefined {
    return this.#waiting.get(account)?.find((each) => isValid(each, now))?.trouble;
  }

  /** Why not all secrets of the endpoints that `isOne` tells are open; undefined where they are. Waits for the KMS where it is being asked. */
  async troubleOfAny(isOne: (account: string) => boolean, now: Date): Promise<KeyManagementUnavailable | undefined> {
    const trouble = (): KeyManagementUnavailable | undefined => {
      const account = [...this.#waiting.keys()].find((each) => isOne(each) && this.troubleOf(each, now));
      return account === undefined ? undefined : this.troubleOf(account, now);
    };
    if (trouble() && this.#reading) await this.#reading.opened;
    return trouble();
  }

  #valid(account: string, now: Date): readonly string[] {
    return (this.#byAccount.get(account) ?? []).filter((each) => isValid(each, now)).map(({ secret }) => secret);
  }

  /** Waits for the KMS where it is still being asked for one of an account's. */
  async #whole(account: string): Promise<void> {
    if (this.#reading && this.#pending.has(account)) await this.#reading.opened;
  }

  /** Deliveries that ask at once share one reading. */
  #readAnew(now: Date): Reading {
    if (this.#reading) return this.#reading;
    const began = performance.now();
    const stored = this.#readStored(now);
    const opened = stored
      .then((rows) => this.#openAll(rows, now))
      .then(() => {
        this.#asked.renew(new Date(now.getTime() + performance.now() - began));
      })
      .finally(() => {
        this.#reading = undefined;
        this.#pending = new Set();
      });
    // Whoever waits is told, and mostly nobody does.
    opened.catch((error: unknown) => {
      this.#parts.logger.warn(
        { error: (error as Error).message },
        'stored webhook secrets could not be read or opened',
      );
    });
    this.#reading = { stored: stored.then(ignore), opened };
    return this.#reading;
  }

  /** What is stored, with what was opened of it before at hand already. */
  async #readStored(now: Date): Promise<StoredSecret[]> {
    const { environment, store } = this.#parts;
    const stored = await store.valid({ processor: 'stripe', environment, kind: 'webhook' }, now);
    this.#opened.keep(stored.map(nameOf));
    const held = stored.map((each) => this.#opened.held({ name: nameOf(each), ciphertext: each.ciphertext }, now));
    this.#byAccount = byAccount(stored, held);
    this.#pending = new Set(stored.filter((_, at) => held[at] === undefined).map(({ account }) => account));
    this.#read.renew(now);
    return stored;
  }

  async #openAll(stored: readonly StoredSecret[], now: Date): Promise<void> {
    const opened = await this.#open(stored, now);
    const waiting = new Map<string, Waiting[]>();
    for (const [at, { account, retiresAt }] of stored.entries()) {
      const trouble = opened[at];
      if (trouble instanceof KeyManagementUnavailable)
        waiting.set(account, [...(waiting.get(account) ?? []), { trouble, retiresAt }]);
    }
    this.#byAccount = byAccount(stored, opened);
    this.#waiting = waiting;
    this.#tellOf(stored.filter((_, at) => opened[at] === undefined));
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

const isValid = ({ retiresAt }: { retiresAt: Date | null }, now: Date): boolean =>
  retiresAt === null || retiresAt > now;

/** Of what is stored, what is open, by account and in its order. */
const byAccount = (stored: readonly StoredSecret[], opened: readonly unknown[]): Map<string, Secret[]> => {
  const secrets = new Map<string, Secret[]>();
  for (const [at, { account, retiresAt }] of stored.entries()) {
    const secret = opened[at];
    if (typeof secret === 'string') secrets.set(account, [...(secrets.get(account) ?? []), { secret, retiresAt }]);
  }
  return secrets;
};

const ignore = (): void => undefined;
