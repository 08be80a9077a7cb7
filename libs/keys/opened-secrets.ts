import { Age } from '#platform/age';

import { KeyManagementUnavailable } from './errors.js';

export interface OpenedLimits {
  /** How long an opened secret is used before the KMS is asked again. 30,000 to 3,600,000. */
  maxAgeMs: number;
  /** How long after it was last opened it is used on while the KMS cannot be reached. */
  graceMs: number;
}

/** Five minutes, and one hour while the KMS is away. */
export const openedLimits: OpenedLimits = { maxAgeMs: 300_000, graceMs: 3_600_000 };

/** `minutes`: 1 to 60. */
export const openedFor = (minutes: number): OpenedLimits => ({ ...openedLimits, maxAgeMs: minutes * 60_000 });

/** How soon the KMS is asked again by whoever uses an opened secret on meanwhile. */
const againMs = 30_000;

/** Whose a secret is, and what is stored of it. */
export interface StoredText {
  /** Such as the account and the version: the same for a text that was wrapped anew. */
  name: string;
  ciphertext: string;
}

interface Held {
  ciphertext: string;
  secret: string;
  opened: Age;
  tried: Age;
}

/**
 * Secrets that the KMS has opened, each for a while: whoever takes the KMS key or the permission away takes the secrets away with it. While the KMS
 * cannot be reached they are used on for a grace, and not one moment longer than it says no.
 */
export class OpenedSecrets {
  readonly #limits: OpenedLimits;
  readonly #held = new Map<string, Held>();

  constructor(limits: OpenedLimits = openedLimits) {
    this.#limits = limits;
  }

  /** A stored secret in clear, by `open` where it was opened too long ago. Rejects with what `open` rejects with. */
  async open({ name, ciphertext }: StoredText, now: Date, open: () => Promise<string>): Promise<string> {
    const held = this.#held.get(name);
    if (held && this.#isFresh(held, ciphertext, now)) return held.secret;
    try {
      const secret = await open();
      const opened = new Age();
      opened.renew(now);
      this.#held.set(name, { ciphertext, secret, opened, tried: opened });
      return secret;
    } catch (error) {
      if (held && isAway(error) && held.opened.at(now) <= this.#limits.graceMs) {
        held.tried = new Age();
        held.tried.renew(now);
        return held.secret;
      }
      this.#held.delete(name);
      throw error;
    }
  }

  /** Forgets all but those of these names. */
  keep(names: Iterable<string>): void {
    const kept = new Set(names);
    for (const name of this.#held.keys()) if (!kept.has(name)) this.#held.delete(name);
  }

  #isFresh({ ciphertext, opened, tried }: Held, stored: string, now: Date): boolean {
    const { maxAgeMs, graceMs } = this.#limits;
    if (ciphertext !== stored) return false;
    if (opened.at(now) <= maxAgeMs) return true;
    return tried !== opened && tried.at(now) <= againMs && opened.at(now) <= graceMs;
  }
}

const isAway = (error: unknown): boolean => error instanceof KeyManagementUnavailable && !error.saidNo;
