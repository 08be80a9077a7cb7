import type { PlatformKeyRotation, PostgresPlatformKeyStore } from '#keys';
import { KeyManagementUnavailable, NewestRefused } from '#keys';
import type { Logger } from '#platform/logging';
import { Rounds } from '#platform/waiting';
import type { Warnings } from '#platform/warnings';
import pg from 'pg';

/** What replacing the key of the inbox takes. */
export interface InboxKeyKeeping {
  store: PostgresPlatformKeyStore;
  rotation: PlatformKeyRotation;
  /** After how many days a key is replaced. */
  lifeDays: number;
}

export interface InboxKeyKeeperOptions extends InboxKeyKeeping {
  warnings: Warnings;
  logger: Logger;
  /** How often to look whether it is due. Default 3,600,000. */
  roundMs?: number;
  /** When to look again after a look that failed. Default 300,000. */
  retryMs?: number;
}

/** For how long a look that is under way is waited for at the end. */
const graceMs = 8_000;
const warningCode = 'keys_overdue';

/**
 * Replaces the key that seals the webhook inbox when it is old, which no gateway may. What is due is said by the database's clock. Every ingest
 * looks, when it starts and once an hour from then on; of those that find it due at once, one replaces it. What is sealed under older versions
 * opens on, and is deleted before long.
 */
export class InboxKeyKeeper {
  readonly #options: InboxKeyKeeperOptions;
  readonly #rounds = new Rounds();

  constructor(options: InboxKeyKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    const { logger, retryMs = 300_000 } = this.#options;
    this.#rounds.start(
      () => this.#look(),
      (error) => {
        logger.warn({ error: codeOf(error) }, 'the key of the webhook inbox was not looked at; it is tried again');
        return aboutMs(retryMs);
      },
    );
  }

  /** Ends after the look that is under way. */
  close(): Promise<void> {
    return this.#rounds.close(graceMs);
  }

  /** Gives for how many milliseconds to rest. */
  async #look(): Promise<number> {
    const { store, rotation, lifeDays, warnings, logger, roundMs = 3_600_000, retryMs = 300_000 } = this.#options;
    let trouble: string | undefined;
    for (const key of await store.due('inbox', lifeDays))
      try {
        if (await rotation.rotate(key))
          logger.info({ version: key.version + 1 }, 'the key of the webhook inbox was old and has been replaced');
      } catch (error) {
        trouble = codeOf(error);
        logger.error({ error: trouble }, 'the key of the webhook inbox is old and could not be replaced');
      }
    warnings.set(
      warningCode,
      trouble === undefined
        ? undefined
        : `the key of the webhook inbox is older than ${lifeDays} days and could not be replaced (${trouble}): see docs/operations/keys.md`,
    );
    return aboutMs(trouble === undefined ? roundMs : retryMs);
  }
}

/** A tenth more or less, so that ingests that were started together do not go on looking together. */
const aboutMs = (ms: number): number => Math.round(ms * (0.9 + Math.random() / 5));

/** Never a message, which may quote anything. */
const codeOf = (error: unknown): string => {
  if (error instanceof KeyManagementUnavailable) return `${error.code}:${error.trouble}`;
  if (error instanceof NewestRefused) return error.code;
  if (error instanceof pg.DatabaseError) return `database:${error.code ?? 'unknown'}`;
  return error instanceof Error ? error.name : 'unexpected';
};
