import type { OpenedLimits, PlatformKeys, SecretName, StoredSecret } from '#keys';
import { KeyManagementUnavailable, OpenedSecrets, PostgresProcessorSecrets } from '#keys';
import { Age } from '#platform/age';
import type { Logger } from '#platform/logging';
import type { Warnings } from '#platform/warnings';
import type { Processor } from '#processor';
import { ProcessorUnavailable } from '#processor';
import type { Pool } from 'pg';

import type { CredentialMetrics } from './metrics.js';
import { openKey } from './open-key.js';
import { Refusals } from './refusals.js';
import { accountAmong, isValidAt, othersEnded } from './versions.js';

/** A key that calls are sent with. */
export interface Held {
  version: number;
  apiKey: string;
  processor: Processor;
  retiresAt: Date | null;
  /** The account that it is known to be of. */
  account: string | null;
}

export interface KeyRingParts {
  /** Which keys: those of the platform's own account in this environment. */
  name: SecretName;
  /** Logs in as the gateway's role. */
  pool: Pool;
  keys: PlatformKeys;
  /** A client that sends its calls with a key. */
  connect: (apiKey: string) => Processor;
  metrics: CredentialMetrics;
  warnings: Warnings;
  logger: Logger;
  now: () => Date;
  /** How long an opened key is used before the KMS is asked again. */
  opened?: OpenedLimits;
}

/** How long keys are used without having been read again. By then a revoked one must not be used any more. */
const maxStaleMs = 600_000;

/** Why a stored key cannot be used, with its version. */
export interface Unusable {
  version: number;
  fault: 'closed' | 'wrong_mode' | 'other_account';
}

/**
 * The keys of the processor's API that are valid, opened, each with its client. Calls take the newest that is known to be of the account
 * that the database belongs to: the one whose key was the first. One that the processor does not take is passed over for a while where there is
 * another one, and asked again then.
 */
export class KeyRing {
  readonly #parts: KeyRingParts;
  readonly #store: PostgresProcessorSecrets;
  readonly #refusals: Refusals;
  readonly #kept: OpenedSecrets;
  /** The newest first. */
  #opened: readonly Held[] = [];
  #unusable: readonly Unusable[] = [];
  #closedForNow = 0;
  #account: string | undefined;
  #stored: readonly StoredSecret[] = [];
  readonly #age = new Age();

  constructor(parts: KeyRingParts) {
    this.#parts = parts;
    this.#store = new PostgresProcessorSecrets(parts.pool);
    this.#refusals = new Refusals(parts.warnings);
    this.#kept = new OpenedSecrets(parts.opened);
  }

  /** Those that can be used now, the newest first. None where they have not been read for ten minutes. */
  get valid(): readonly Held[] {
    return this.#current.filter(({ account }) => account !== null || this.#account === undefined);
  }

  /** Those of which nobody knows yet whose they are. They are not used where the account of another one is known. */
  get unasked(): readonly Held[] {
    return this.#current.filter(({ account }) => account === null);
  }

  /** Those that are stored as valid and cannot be used. */
  get unusable(): readonly Unusable[] {
    return this.#unusable;
  }

  /** How many the key management could not open just now. */
  get closedForNow(): number {
    return this.#closedForNow;
  }

  /** The account that the database belongs to; undefined where none of its keys has told. */
  get account(): string | undefined {
    return this.#account;
  }

  get #current(): readonly Held[] {
    const now = this.#parts.now();
    if (this.#age.at(now) > maxStaleMs) return [];
    return this.#opened.filter(({ retiresAt }) => retiresAt === null || retiresAt > now);
  }

  /** Whether no call since `at` can have been sent with another key than the one that is present. */
  isOneSince(at: Date): boolean {
    return this.valid.length === 1 && othersEnded(this.#stored, this.valid[0]?.version, at);
  }

  /** What a call of an operation is sent with. Throws ProcessorUnavailable where there is no key: nothing was sent. */
  present(operation: string): Held {
    const { valid } = this;
    const nowMs = this.#parts.now().getTime();
    const held = valid.find(({ version }) => !this.#refusals.isPassedOver(version, operation, nowMs)) ?? valid[0];
    if (!held) throw new ProcessorUnavailable('no_api_key', { sick: true });
    return held;
  }

  /** The processor did not take a key, or not for this operation: gives another one that the call can be sent with. */
  refused({ version }: Held, operation: string, reason: string): Held | undefined {
    const { metrics, logger, now } = this.#parts;
    const nowMs = now().getTime();
    metrics.refused(reason);
    // A call that was on its way while its key ended says nothing of those in use.
    if (!this.#current.some((held) => held.version === version)) return this.valid[0];
    const ofOperation = reason === 'api_key_forbidden' ? operation : undefined;
    if (this.#refusals.note(version, ofOperation, nowMs))
      logger.error(
        { version, reason, operation: ofOperation },
        'the processor does not take a stored API key: billing secrets list shows them',
      );
    return this.valid.find((other) => !this.#refusals.isPassedOver(other.version, operation, nowMs));
  }

  /** The processor took a key. */
  accepted({ version }: Held, operation: string): void {
    this.#refusals.accepted(version, operation);
  }

  /**
   * Reads what is stored. One that the key management cannot open just now hurts no other: it is tried again at the next reading. Gives a
   * candidate that nobody has looked at. Rejects where the database is away.
   */
  async read(): Promise<StoredSecret | undefined> {
    const { name, now } = this.#parts;
    const at = now();
    const stored = await this.#store.versions(name);
    const account = accountAmong(stored);
    const unusable: Unusable[] = [];
    const opened: Held[] = [];
    let closedForNow = 0;
    const valid = stored.filter((one) => isValidAt(one, at));
    this.#kept.keep(valid.map(nameOf));
    for (const each of valid) {
      const held = await this.#open(each, account, at);
      if (held === undefined) closedForNow += 1;
      else if ('fault' in held) unusable.push(held);
      else opened.push(held);
    }
    this.#tellOf(unusable);
    this.#refusals.keep(opened.map(({ version }) => version));
    this.#opened = opened;
    this.#unusable = unusable;
    this.#closedForNow = closedForNow;
    this.#account = account;
    this.#stored = stored;
    this.#age.renew(at);
    this.tell();
    return stored.find(({ state }) => state === 'candidate');
  }

  /** Says how it stands, also where it could not be read: without a key nothing is sent. */
  tell(): void {
    const { metrics, warnings } = this.#parts;
    const { valid } = this;
    const waiting = this.unasked.filter((held) => !valid.includes(held)).length;
    const closed = this.#unusable.length + waiting + this.#closedForNow;
    metrics.held(valid.length, closed);
    // With none at all the other warning says why.
    const isWorth = this.#unusable.length > 0 || (closed > 0 && valid.length > 0);
    warnings.set(
      'api_key_unusable',
      isWorth ? `${closed} stored API keys cannot be used: billing secrets list` : undefined,
    );
    warnings.set('api_key_missing', valid.length === 0 ? this.#why(waiting) : undefined);
  }

  #why(waiting: number): string {
    if (this.#age.at(this.#parts.now()) > maxStaleMs)
      return 'the stored API keys could not be read for ten minutes, and nothing is sent';
    if (this.#closedForNow > 0) return 'the stored API keys cannot be opened yet, and nothing is sent';
    if (waiting > 0) return 'it is not known yet whose the stored API key is, and nothing is sent';
    return 'no API key is stored that can be used, and nothing is sent: billing secrets set --kind api';
  }

  /** A stored key, opened a few minutes ago at most, or while the key management is away an hour; undefined where it cannot be just now. */
  async #open(stored: StoredSecret, known: string | undefined, at: Date): Promise<Held | Unusable | undefined> {
    const { version, retiresAt, processorAccount: account } = stored;
    if (account !== null && account !== known) return { version, fault: 'other_account' };
    const { keys, name, connect } = this.#parts;
    const kept: Pick<PlatformKeys, 'openApiKey'> = {
      openApiKey: (place, ciphertext) =>
        this.#kept.open({ name: nameOf(stored), ciphertext }, at, () => keys.openApiKey(place, ciphertext)),
    };
    try {
      const opened = await openKey(kept, stored, name.environment);
      if ('fault' in opened) return { version, ...opened };
      const before = this.#opened.find((held) => held.version === version && held.apiKey === opened.apiKey);
      return { version, ...opened, processor: before?.processor ?? connect(opened.apiKey), retiresAt, account };
    } catch (error) {
      if (error instanceof KeyManagementUnavailable) return undefined;
      throw error;
    }
  }

  /** Each of them once, and not at every reading. */
  #tellOf(unusable: readonly Unusable[]): void {
    for (const { version, fault } of unusable)
      if (!this.#unusable.some((before) => before.version === version))
        this.#parts.logger.error(
          { version, fault },
          'a stored API key cannot be used: billing secrets list shows it, billing secrets revoke takes it away',
        );
  }
}

const nameOf = ({ account, version }: StoredSecret): string => `${account}/${version}`;
