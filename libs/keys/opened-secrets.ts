import { Age } from '#platform/age';

import { KeyManagementUnavailable } from './errors.js';

export interface OpenedLimits {
  /** How long an opened secret is used before the KMS is asked again. 30,000 to 3,600,000. */
  maxAgeMs: number;
  /** How long beyond that it is used on while the KMS cannot be reached. */
  graceMs: number;
}

/** Five minutes, and one hour more while the KMS is away. */
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
  readonly #uptimeMs: () => number;
  readonly #held = new Map<string, Held>();

  /** `uptimeMs`: milliseconds since any moment, which never go back. */
  constructor(limits: OpenedLimits = openedLimits, uptimeMs: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#uptimeMs = uptimeMs;
  }

  /** A stored secret in clear, by `open` where it was opened too long ago. Rejects with what `open` rejects with. */
  async open({ name, ciphertext }: StoredText, now: Date, open: () => Promise<string>): Promise<string> {
    const held = this.#held.get(name);
    if (held && this.#isFresh(held, ciphertext, now)) return held.secret;
    try {
      const secret = await open();
      const opened = this.#ageFrom(now);
      this.#held.set(name, { ciphertext, secret, opened, tried: opened });
      return secret;
    } catch (error) {
      if (held && isAway(error) && this.#hasGrace(held, now)) {
        held.tried = this.#ageFrom(now);
        return held.secret;
      }
      this.#held.delete(name);
      throw error;
    }
  }

  /** A stored secret as it was opened before, also too long ago, within the grace; undefined where it was not, or not from this text. Asks nobody. */
  held({ name, ciphertext }: StoredText, now: Date): string | undefined {
    const held = this.#held.get(name);
    return held?.ciphertext === ciphertext && this.#hasGrace(held, now) ? held.secret : undefined;
  }

  /** Forgets all but those of these names. */
  keep(names: Iterable<string>): void {
    const kept = new Set(names);
    for (const name of this.#held.keys()) if (!kept.has(name)) this.#held.delete(name);
  }

  #isFresh(held: Held, stored: string, now: Date): boolean {
    const { ciphertext, opened, tried } = held;
    if (ciphertext !== stored) return false;
    if (opened.at(now) <= this.#limits.maxAgeMs) return true;
    return tried !== opened && tried.at(now) <= againMs && this.#hasGrace(held, now);
  }

  #hasGrace({ opened }: Held, now: Date): boolean {
    return opened.atLeast(now) <= this.#limits.maxAgeMs + this.#limits.graceMs;
  }

  #ageFrom(now: Date): Age {
    const age = new Age(this.#uptimeMs);
    age.renew(now);
    return age;
  }
}

const isAway = (error: unknown): boolean => error instanceof KeyManagementUnavailable && !error.saidNo;
