import { setTimeout as pause } from 'node:timers/promises';

import { KeyManagementUnavailable, UnwrapRefused } from '../errors.js';
import type { KeyManagementTrouble } from '../errors.js';
import type { EncryptionContext, Environment, KeyManagement } from '../key-management.js';
import { assertMayUse } from '../who-may-decrypt.js';
import type { KeyUser } from '../who-may-decrypt.js';

/**
 * What the KMS has wrapped, where it lies: a DEK of a tenant or of the platform, or a secret of a processor. `of` is a tenant's id, or the
 * name of a processor; `account` is '' for all but secrets of accounts.
 */
export interface StoredCiphertext {
  kind: 'platform' | 'secret' | 'tenant';
  of: string;
  account: string;
  purpose: string;
  version: number;
  wrapped: Buffer;
}

/** How far a rotation of the master key is. */
export interface MasterKeyProgress {
  /** Since when the KMS has the new material; undefined where it has yet to make it. */
  rotatedAt: Date | undefined;
  /** How long ago it was asked of the KMS, and how often that had made new material by then; undefined where it was not. */
  sent: { agoMs: number; rotations: number } | undefined;
}

/** The port to what the KMS has wrapped in this environment, and to how far it is wrapped anew. */
export interface MasterKeyStore {
  /** Runs `work` while nobody else does anywhere. Rejects with MasterKeyBusy where somebody does. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** The rotation that is under way, or a new one. */
  begin(): Promise<MasterKeyProgress>;
  /** The KMS, which has made new material `rotations` times, is about to be asked for more. */
  markSent(rotations: number): Promise<void>;
  /** It refused, so that nothing comes of it. */
  markRefused(): Promise<void>;
  /** The KMS has made the new material. Gives since when. */
  markRotated(): Promise<Date>;
  finish(): Promise<void>;
  /** How much was last wrapped before that. */
  count(before: Date): Promise<number>;
  /** Some of it, in one order, what is behind `after`; empty where there is none. */
  page(before: Date, after: StoredCiphertext | undefined, limit: number): Promise<StoredCiphertext[]>;
  /** Puts `wrapped` in the place of what `stored` has, where that is still so. */
  replace(stored: StoredCiphertext, wrapped: Buffer): Promise<void>;
}

/** How far it is, in DEKs and secrets. Those that the KMS refuses to unwrap are left as they are. */
export interface RewrappedSoFar {
  done: number;
  total: number;
  refused: number;
}

/** Raised where another process rotates the master key at this moment. */
export class MasterKeyBusy extends Error {
  constructor() {
    super('another rotation of the master key is at work; wait until it has come to its end');
  }
}

/** Raised where the KMS has not made the new material that it was asked for within the time that was given to it. */
export class MasterKeyPending extends Error {
  constructor() {
    super('the KMS is still at the new material; nothing is wrapped anew yet, and the same command later goes on');
  }
}

export interface MasterKeyRotationOptions {
  app: KeyUser;
  environment: Environment;
  kms: KeyManagement;
  store: MasterKeyStore;
  /** How long the new material may take. Default 900,000. */
  waitMs?: number;
  /** How long new material that was asked for, and not answered, is waited for before it is asked for again. Default 600,000. */
  unansweredMs?: number;
  /** How often to look whether it is there. Default 5,000. */
  pollMs?: number;
}

const pageSize = 200;
const atOnce = 8;
/** After these nobody knows whether the KMS did what it was asked for. */
const mayBeDone: ReadonlySet<KeyManagementTrouble> = new Set(['timeout', 'unreachable']);

/**
 * Has the KMS make new material for its master key, and wraps every DEK and every secret of a processor anew under it. They themselves, and
 * what DEKs seal, stay as they are. What was interrupted goes on where it was, without another rotation in the KMS, and nothing is wrapped
 * anew before the KMS has the new material in use: until then it would be wrapped under the old one.
 */
export class MasterKeyRotation {
  readonly #options: MasterKeyRotationOptions;

  constructor(options: MasterKeyRotationOptions) {
    this.#options = options;
  }

  /**
   * Rejects with KeyManagementUnavailable where the KMS does not serve, with MasterKeyBusy where another one is at it, and with
   * MasterKeyPending where the new material is not there in time; the same call later goes on.
   */
  async run(onProgress: (soFar: RewrappedSoFar) => void = () => undefined): Promise<RewrappedSoFar> {
    assertMayUse(this.#options.app, 'master-key:rotate');
    return this.#options.store.alone(() => this.#run(onProgress));
  }

  async #run(onProgress: (soFar: RewrappedSoFar) => void): Promise<RewrappedSoFar> {
    const { store } = this.#options;
    const { rotatedAt: madeAt, sent } = await store.begin();
    const rotatedAt = madeAt ?? (await this.#rotate(sent));
    const soFar = { done: 0, refused: 0, total: await store.count(rotatedAt) };
    onProgress(soFar);
    let page = await store.page(rotatedAt, undefined, pageSize);
    while (page.length > 0) {
      for (let at = 0; at < page.length; at += atOnce) {
        const outcomes = await Promise.all(page.slice(at, at + atOnce).map((each) => this.#rewrap(each)));
        soFar.refused += outcomes.filter((rewrapped) => !rewrapped).length;
        soFar.done += outcomes.length;
        onProgress(soFar);
      }
      page = await store.page(rotatedAt, page.at(-1), pageSize);
    }
    await store.finish();
    return soFar;
  }

  async #rotate(sent: MasterKeyProgress['sent']): Promise<Date> {
    const { kms, store, waitMs = 900_000, unansweredMs = 600_000 } = this.#options;
    // What was sent and not answered may have been done, and AWS does it 25 times for a key and no more.
    if (sent && (await this.#isMade(sent.rotations, Math.max(0, unansweredMs - sent.agoMs))))
      return store.markRotated();
    const rotations = await kms.masterKeyRotations();
    await store.markSent(rotations);
    try {
      await kms.rotateMasterKey();
    } catch (error) {
      if (error instanceof KeyManagementUnavailable && !mayBeDone.has(error.trouble)) await store.markRefused();
      throw error;
    }
    if (!(await this.#isMade(rotations, waitMs))) throw new MasterKeyPending();
    return store.markRotated();
  }

  /** Whether the KMS has made new material since it had `rotations` times, within `ms`. */
  async #isMade(rotations: number, ms: number): Promise<boolean> {
    const { kms, pollMs = 5_000 } = this.#options;
    const deadline = performance.now() + ms;
    for (;;) {
      if ((await kms.masterKeyRotations()) > rotations) return true;
      if (performance.now() >= deadline) return false;
      await pause(pollMs);
    }
  }

  /** False where the KMS refuses to unwrap it. */
  async #rewrap(stored: StoredCiphertext): Promise<boolean> {
    const { kms, store, environment } = this.#options;
    try {
      await store.replace(stored, await kms.reEncrypt(stored.wrapped, contextOf(stored, environment)));
      return true;
    } catch (error) {
      if (error instanceof UnwrapRefused) return false;
      throw error;
    }
  }
}

const contextOf = ({ kind, of, purpose }: StoredCiphertext, environment: Environment): EncryptionContext =>
  kind === 'tenant' ? { tenantId: of, purpose, environment } : { processor: of, purpose, environment };
