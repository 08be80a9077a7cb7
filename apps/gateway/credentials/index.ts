import type { Environment, OpenedLimits, PlatformKeys, SecretName, StoredSecret } from '#keys';
import { KeyManagementUnavailable, PostgresKeyCandidates, PostgresProcessorSecrets } from '#keys';
import type { Configuration } from '#platform/configuration';
import { ConfigurationError } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import type { Warnings } from '#platform/warnings';
import type { Processor } from '#processor';
import { LookupRefused, OutcomeUnknown, ProcessorUnavailable } from '#processor';
import { StripeProcessor, accountOfKey } from '#processor/stripe';
import type { Pool } from 'pg';

import { currentProcessor } from './current-processor.js';
import { examine } from './examine.js';
import { storeEnvironmentKey } from './first-key.js';
import type { Held } from './key-ring.js';
import { KeyRing } from './key-ring.js';
import { CredentialMetrics } from './metrics.js';

export interface CredentialsParts {
  environment: Environment;
  stripe: Pick<Configuration['stripe'], 'apiBase' | 'apiKey'>;
  /** Logs in as the gateway's role. */
  pool: Pool;
  keys: PlatformKeys;
  metrics: Registry;
  warnings: Warnings;
  logger: Logger;
  /** How often what is stored is read again. Default 3,000. */
  refreshMs?: number;
  timeoutMs?: number;
  /** How long an opened key is used before the KMS is asked again: five minutes by default, and an hour while it is away. */
  opened?: OpenedLimits;
  now?: () => Date;
}

const refreshMs = 3_000;
/** How long not to ask again whose a key is where that could not be told. */
const accountRetryMs = 5_000;

/** The gateway's keys of the processor's API: stored, read again while they rotate, and the only way to the processor. */
export class Credentials {
  /** Each call with the key that is present when it is sent. */
  readonly processor: Processor;
  readonly #parts: CredentialsParts;
  readonly #name: SecretName;
  readonly #ring: KeyRing;
  readonly #store: PostgresProcessorSecrets;
  readonly #candidates: PostgresKeyCandidates;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> | undefined;
  /** When it was last asked whose a key is, by version, and whether it is one that cannot tell. */
  readonly #asked = new Map<number, { atMs: number; mute: boolean }>();
  #environmentKeyStored = false;

  private constructor(parts: CredentialsParts) {
    const { environment, stripe, pool, keys, warnings, logger, timeoutMs, opened, now = () => new Date() } = parts;
    this.#parts = parts;
    this.#name = { processor: 'stripe', account: '', environment, kind: 'api' };
    this.#store = new PostgresProcessorSecrets(pool);
    this.#candidates = new PostgresKeyCandidates(pool);
    const connect = (apiKey: string) => new StripeProcessor({ apiKey, apiBase: stripe.apiBase, timeoutMs });
    const metrics = new CredentialMetrics(parts.metrics);
    this.#ring = new KeyRing({ name: this.#name, pool, keys, connect, metrics, warnings, logger, now, opened });
    this.processor = currentProcessor(this.#ring);
  }

  /**
   * Reads the stored keys, and goes on to do so. Throws ConfigurationError where there is none, or one that this environment must not use: a
   * test key in production, or a live key elsewhere. While the key management is away nothing is sent; the keys are opened once it is back.
   */
  static async open(parts: CredentialsParts): Promise<Credentials> {
    const credentials = new Credentials(parts);
    await credentials.#open();
    return credentials;
  }

  /** Ends the reading. Calls that are under way are nobody's concern here: they have their clients. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#refreshing;
  }

  /** Whether no call since `at` can have been sent with another key than the one that is present. */
  readonly isOneKeySince = (at: Date): boolean => this.#ring.isOneSince(at);

  async #open(): Promise<void> {
    await this.#read();
    // Nothing is sent with it before: better that the start waits for the answer.
    if (this.#ring.valid.length === 0 && this.#ring.unasked.length > 0) await this.#noteAccounts();
    this.#assertUsable();
    if (this.#ring.valid.length === 0)
      this.#parts.logger.warn('the stored API keys cannot be used yet, and nothing is sent');
    this.#schedule();
  }

  /** Reads what is stored, the first time after what the environment names. Gives a candidate that nobody has looked at. */
  async #read(): Promise<StoredSecret | undefined> {
    await this.#storeEnvironmentKey();
    return this.#ring.read();
  }

  async #storeEnvironmentKey(): Promise<void> {
    const { stripe, keys, logger } = this.#parts;
    if (this.#environmentKeyStored || stripe.apiKey === undefined) return;
    const { apiBase } = stripe;
    const accountOf = (apiKey: string) => accountOfKey({ apiKey, apiBase }).catch(() => undefined);
    try {
      await storeEnvironmentKey(stripe.apiKey, { name: this.#name, store: this.#store, keys, logger, accountOf });
    } catch (error) {
      if (error instanceof KeyManagementUnavailable) return; // and again at the next reading: those that are stored hurt nobody
      throw error;
    }
    this.#environmentKeyStored = true;
  }

  #assertUsable(): void {
    const { environment } = this.#parts;
    const { unusable, valid, unasked, closedForNow, account } = this.#ring;
    if (unusable.some(({ fault }) => fault === 'wrong_mode'))
      throw new ConfigurationError(
        environment === 'production'
          ? 'the stored API key is a test key, which charges nobody: store a live one with billing secrets set --kind api'
          : 'the stored API key is a live key, which only production may use: it charges real cards. Revoke it with billing secrets revoke',
      );
    if (valid.length + unasked.length + closedForNow > 0) return;
    if (unusable.some(({ fault }) => fault === 'other_account'))
      throw new ConfigurationError(
        `the stored API key is of another account of Stripe than this database, which is of ${account ?? 'none'}: revoke it and store one of that account, or start with a new database`,
      );
    // The environment names one that could not be sealed yet, or that was revoked: the next one is stored while we run.
    if (this.#parts.stripe.apiKey !== undefined) return;
    throw new ConfigurationError(
      `the gateway has no API key of Stripe: store one with billing secrets set --kind api${environment === 'production' ? '' : ', or set STRIPE_API_KEY'}`,
    );
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#refreshing = this.#refresh().finally(() => {
        this.#schedule();
      });
    }, this.#parts.refreshMs ?? refreshMs);
  }

  async #refresh(): Promise<void> {
    try {
      const candidate = await this.#read();
      await this.#noteAccounts();
      if (candidate) await this.#look(candidate);
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unexpected';
      this.#parts.logger.warn({ error: name }, 'reading the stored API keys failed and is tried again');
      this.#ring.tell();
    }
  }

  async #look(candidate: StoredSecret): Promise<void> {
    const { environment, keys, stripe, logger } = this.#parts;
    const { account, unasked } = this.#ring;
    // Whose the present key is can still be told: whoever waits for the word on the new one waits for that, too.
    if (account === undefined && unasked.some(({ version }) => this.#asked.get(version)?.mute !== true)) return;
    const finding = await examine(candidate, { environment, keys, apiBase: stripe.apiBase, account });
    await this.#candidates.judge(this.#name, candidate.version, finding);
    const { version } = candidate;
    if ('refusal' in finding) logger.warn({ version }, 'a new API key was looked at and refused');
    else logger.info({ version }, 'a new API key was looked at and may be used');
  }

  /** Asks whose those keys are of which nobody knows: the next one has to be of the same account, and by then this one may be dead. */
  async #noteAccounts(): Promise<void> {
    const nowMs = performance.now();
    const due = this.#ring.unasked.filter(
      ({ version }) => nowMs - (this.#asked.get(version)?.atMs ?? -Infinity) >= accountRetryMs,
    );
    // The oldest first: whose it is says whose all others have to be.
    for (const held of due.toReversed()) {
      this.#asked.set(held.version, { atMs: nowMs, mute: false });
      await this.#noteAccount(held, nowMs);
    }
    if (due.length > 0) await this.#ring.read();
  }

  async #noteAccount(held: Held, atMs: number): Promise<void> {
    const { stripe, logger } = this.#parts;
    const { version, apiKey } = held;
    try {
      const account = await accountOfKey({ apiKey, apiBase: stripe.apiBase });
      await this.#store.noteAccount(this.#name, version, account);
    } catch (error) {
      if (!(error instanceof ProcessorUnavailable || error instanceof OutcomeUnknown || error instanceof LookupRefused))
        throw error;
      const mute = error instanceof ProcessorUnavailable && error.reason.startsWith('api_key_');
      this.#asked.set(version, { atMs, mute });
      if (mute) this.#ring.refused(held, 'retrieveAccount', error.reason);
      logger.warn({ version, error: error.name }, 'whose an API key is could not be told, and is asked again');
    }
  }
}
