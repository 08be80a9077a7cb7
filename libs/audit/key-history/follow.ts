import { KeyHistoryRefused, Malformed, ProofRefused, SignatureRefused } from '../errors.js';
import type { LogIdentity, VerifierKey } from '../notes/index.js';
import { formatVerifierKey, verifiedSignatures } from '../notes/index.js';
import type { VerifiedReceipt } from '../receipts/index.js';
import { verifyReceipt } from '../receipts/index.js';
import type { KeyEvent } from './key-event.js';
import { parseKeyReceipt } from './key-receipt.js';
import { keyReceiptPath } from './places.js';

/** A key that is trusted, and for which trees. */
export interface TrustedKey {
  key: VerifierKey;
  /** Whether it was trusted before anything was followed. */
  pinned?: true;
  /** The leaf that introduced it. Absent for one that was pinned and whose introduction is not told. */
  introducedAt?: number;
  /** The leaf that retired it: it signs no tree that holds this leaf. */
  retiredAt?: number;
}

/** A receipt of the history that was followed. */
export interface FollowedReceipt extends VerifiedReceipt {
  /** Its path in the log. */
  path: string;
}

/** What a history has led to. */
export interface FollowedHistory {
  /** Every key that has ever been trusted, the newest first. */
  trusted: readonly TrustedKey[];
  /** In the order of the log, which must have the leaf of each and extend its checkpoint. */
  receipts: readonly FollowedReceipt[];
}

type Receipt = Uint8Array | string;
type Told = KeyEvent & { index: number; receipt: Receipt };

const vkeyOf = formatVerifierKey;

const originOf = (pinned: readonly VerifierKey[]): string => {
  const [first, ...others] = pinned;
  if (!first) throw new RangeError('pin one key of the log at least');
  if (others.some(({ name }) => name !== first.name)) throw new RangeError('the pinned keys are of several logs');
  if (pinned.some(({ type }) => type === 'cosignature')) throw new RangeError('a witness is no log');
  return first.name;
};

const refusingIn = <T>(which: string, step: () => T): T => {
  try {
    return step();
  } catch (error) {
    const expected = error instanceof Malformed || error instanceof SignatureRefused || error instanceof ProofRefused;
    if (!expected) throw error;
    throw new KeyHistoryRefused(`${which}: ${error.message}`, { cause: error });
  }
};

const nameOf = (version: number): string => `receipt ${String(version)}`;

/** The receipts as they tell themselves, one event of the history after the other, in the order of the log. */
const inOrder = (receipts: readonly Receipt[], origin: string): Told[] => {
  const told = receipts.map((receipt, at) =>
    refusingIn(`receipt at place ${String(at + 1)}`, () => ({ receipt, ...parseKeyReceipt(receipt, origin) })),
  );
  told.forEach(({ version, index }, at) => {
    const before = told[at - 1];
    if (!before || (version === before.version + 1 && index > before.index)) return;
    throw new KeyHistoryRefused(
      `${nameOf(version)} (leaf ${String(index)}) does not follow ${nameOf(before.version)} (leaf ${String(before.index)})`,
    );
  });
  return told;
};

/** Those from the first on that is about a pinned key: who pins a later key need not believe what was before it. */
const fromPinned = (told: readonly Told[], pinned: ReadonlySet<string>): readonly Told[] => {
  if (told.length === 0) return told;
  const first = told.findIndex(({ change, key }) => change === 'introduced' && pinned.has(vkeyOf(key)));
  if (first === -1) throw new KeyHistoryRefused('none of the receipts introduces a key that is pinned');
  return told.slice(first);
};

/** Keys by their vkey, in the order in which they came to be trusted. */
class Trusted {
  readonly keys = new Map<string, TrustedKey>();
  /** Keys that were introduced and have not signed that: they are not trusted. */
  readonly #unproven = new Set<string>();

  constructor(
    pinned: readonly VerifierKey[],
    /** Whether the whole history is followed, so that no key of it is unknown. */
    private readonly fromFirst: boolean,
  ) {
    for (const key of pinned) this.keys.set(vkeyOf(key), { key, pinned: true });
  }

  /** Those that may sign now, but for `except`. */
  signing(except?: VerifierKey): VerifierKey[] {
    return [...this.keys.values()]
      .filter(({ key, retiredAt }) => retiredAt === undefined && (!except || vkeyOf(key) !== vkeyOf(except)))
      .map(({ key }) => key);
  }

  /** `hasSigned`: whether the key of the event has signed the checkpoint of its receipt. */
  take({ change, key, index, version }: Told, hasSigned: boolean): void {
    if (change === 'introduced') this.#introduce(key, index, version, hasSigned);
    else this.#retire(key, index, version);
  }

  #introduce(key: VerifierKey, index: number, version: number, hasSigned: boolean): void {
    const vkey = vkeyOf(key);
    const known = this.keys.get(vkey);
    if (known?.introducedAt !== undefined || this.#unproven.has(vkey))
      throw new KeyHistoryRefused(`${nameOf(version)} introduces a key a second time`);
    if (!known && !hasSigned) {
      this.#unproven.add(vkey);
      return;
    }
    this.keys.delete(vkey); // it comes where its introduction does
    this.keys.set(vkey, { ...known, key, introducedAt: index });
  }

  #retire(key: VerifierKey, index: number, version: number): void {
    const known = this.keys.get(vkeyOf(key));
    const isOfNoAccount = this.#unproven.has(vkeyOf(key)) || !this.fromFirst; // or of before the one that was pinned
    if (!known && isOfNoAccount) return;
    if (!known || known.retiredAt !== undefined)
      throw new KeyHistoryRefused(`${nameOf(version)} retires a key that does not sign`);
    this.keys.set(vkeyOf(key), { ...known, retiredAt: index });
  }
}

/**
 * Follows the history of a log's keys from those that are pinned to the newest. Each receipt must be signed by a key that was trusted before
 * it and is not retired by then; a new key counts from its receipt on, if it has signed that as well. `receipts` are those of `keys/001`, `keys/002`, ... in that order, from
 * the first or from any later one on that is not behind the introduction of a pinned key. None leaves the pinned keys, for all trees. Throws KeyHistoryRefused for receipts that are forged, of another log, out of order, repeated
 * or left out, and RangeError where the pinned keys are none or not of one log.
 */
export const followHistory = (pinned: readonly VerifierKey[], receipts: readonly Receipt[]): FollowedHistory => {
  const origin = originOf(pinned);
  const followed = fromPinned(inOrder(receipts, origin), new Set(pinned.map(vkeyOf)));
  const trusted = new Trusted(pinned, followed[0]?.version === 1);
  const verified = followed.map((each) =>
    refusingIn(nameOf(each.version), () => {
      const keys = trusted.signing(each.change === 'retired' ? each.key : undefined);
      const receipt = verifyReceipt(each.receipt, { log: { origin, keys } });
      trusted.take(each, verifiedSignatures(receipt.checkpoint.note, [each.key]).length > 0);
      return { ...receipt, path: keyReceiptPath(each.version) };
    }),
  );
  return { trusted: [...trusted.keys.values()].reverse(), receipts: verified };
};

/** Every key that has ever been trusted, the newest first. Throws as `followHistory`. */
export const followKeyHistory = (pinned: readonly VerifierKey[], receipts: readonly Receipt[]): TrustedKey[] => [
  ...followHistory(pinned, receipts).trusted,
];

/** The keys alone: every one that has ever been trusted, the newest first, so that old checkpoints stay verifiable. Throws as `followKeyHistory`. */
export const verifyKeyHistory = (pinned: readonly VerifierKey[], receipts: readonly Receipt[]): VerifierKey[] =>
  followKeyHistory(pinned, receipts).map(({ key }) => key);

/**
 * Whose checkpoints are believed then. No key signs a tree that holds the leaf that retired it: the log asks which keys sign only after it has
 * sealed what the checkpoint covers, so this is exact. A key that was followed to counts for trees that hold the leaf that introduced it: it may
 * have signed a smaller one in the moment between, and then an older key has signed that too. What a retired key signs for a smaller tree, nobody
 * can tell from what it signed in its time; older checkpoints that were kept, and witnesses, can.
 */
export const identityOf = (trusted: readonly TrustedKey[]): LogIdentity => {
  const keys = trusted.map(({ key }) => key);
  const byVkey = new Map(trusted.map((each) => [vkeyOf(each.key), each]));
  return {
    origin: originOf(keys),
    keys,
    maySign: (key, size) => {
      const known = byVkey.get(vkeyOf(key));
      if (!known) return false;
      const { pinned, introducedAt = -1, retiredAt = Number.POSITIVE_INFINITY } = known;
      return (pinned === true || introducedAt < size) && size <= retiredAt;
    },
  };
};
