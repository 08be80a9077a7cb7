import type { NoteSigner } from '#audit';
import { formatVerifierKey } from '#audit';
import type { KeyHistory } from '#audit-log/keys';
import { readKeyHistory, vouchedKeys } from '#audit-log/keys';
import type { AuditKey } from '#domain/audit-key';
import { signingKeysOf } from '#domain/audit-key';
import type { ObjectStore } from '#object-store';
import type { Pool } from 'pg';

import type { LogSigners } from '../ports.js';
import type { Signing } from './kms-signer.js';
import { kmsSigner } from './kms-signer.js';

/** Raised while no key is introduced: nothing can be signed. */
export class NoSigningKey extends Error {
  readonly code = 'no_signing_key';
  constructor(origin: string) {
    super(
      `no key signs the audit log of ${origin} yet: run billing audit keys introduce NAME for a key that the key management has, or billing audit keys rotate for a new one`,
    );
  }
}

/** Raised where the key management has another key under a name than the one that was introduced. Nothing is signed with it. */
export class SigningKeyDiffers extends Error {
  readonly code = 'signing_key_differs';
  constructor(keyName: string, introduced: string, found: string) {
    super(
      `the key management's key ${keyName} is not the one that was introduced (${found}, not ${introduced}): give KMS_SIGNING_KEY_ID, or the keyring, of that key, or introduce the other under a name of its own`,
    );
  }
}

export interface IntroducedSignersOptions {
  /** The anchor's. */
  pool: Pool;
  origin: string;
  /** Of the log, with the receipts of its keys. */
  store: Pick<ObjectStore, 'read'>;
  kms: Signing;
}

/**
 * Who signs the log: the keys that its history has introduced and not retired, the newest first. Asked anew for every checkpoint, after what it
 * covers is sealed: so a checkpoint that holds the retirement of a key is never signed with it, and one that holds an introduction always is.
 * A signature over an introduction is what outsiders believe the new key for: none is given while the history introduces a key that
 * the key management does not have, even one that is retired again, so that nobody who can append events brings a key of their own in.
 */
export class IntroducedSigners implements LogSigners {
  readonly #options: IntroducedSignersOptions;
  /** By vkey: a key of a key management never changes under its vkey. */
  readonly #signers = new Map<string, NoteSigner>();
  /** By vkey: retired keys that were found to have been the key management's. */
  readonly #known = new Set<string>();

  constructor(options: IntroducedSignersOptions) {
    this.#options = options;
  }

  /** Rejects with NoSigningKey, SigningKeyDiffers, and as Postgres and the key management do. */
  async current(): Promise<readonly NoteSigner[]> {
    const { pool, origin } = this.#options;
    const history = await readKeyHistory(pool, origin);
    const keys = signingKeysOf(history.state);
    if (keys.length === 0) throw new NoSigningKey(origin);
    await this.#assertOurs(history);
    return Promise.all(keys.map((key) => this.#signerOf(key)));
  }

  /** That retired keys are the key management's, as far as no receipt tells that they have signed: later it need not have them any more. */
  async #assertOurs(history: KeyHistory): Promise<void> {
    const { origin, store } = this.#options;
    const retired = history.state.keys.filter(
      ({ vkey, retiredAt }) => retiredAt !== undefined && !this.#known.has(vkey),
    );
    if (retired.length === 0) return;
    const vouched = await vouchedKeys(store, history, origin);
    for (const key of retired) {
      if (!vouched.includes(key.vkey)) await this.#signerOf(key);
      this.#known.add(key.vkey);
    }
  }

  async #signerOf({ vkey, keyName }: AuditKey): Promise<NoteSigner> {
    const held = this.#signers.get(vkey);
    if (held) return held;
    const signer = await kmsSigner(this.#options.kms, keyName, this.#options.origin);
    const found = formatVerifierKey(signer.key);
    if (found !== vkey) throw new SigningKeyDiffers(keyName, vkey, found);
    this.#signers.set(vkey, signer);
    return signer;
  }
}
