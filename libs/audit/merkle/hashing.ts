/** The hashes of RFC 6962, section 2.1: SHA-256, with a first byte that keeps a leaf from passing for a node. */
import { hash, timingSafeEqual } from 'node:crypto';
import { Malformed } from '../errors.js';

/** Bytes of a hash. */
export const hashBytes = 32;

const leafPrefix = Uint8Array.of(0x00);
const nodePrefix = 0x01;
/** Where preimages are laid out; hashing is synchronous, so one place for each form is enough. */
const nodePreimage = new Uint8Array(1 + 2 * hashBytes);
nodePreimage[0] = nodePrefix;
const preimage = new Uint8Array(8_192);

/** By way of a string: a hash of Node's as a buffer has memory of its own outside of the heap, and a million of them are long pauses of its collector. */
export const sha256 = (bytes: Uint8Array): Uint8Array => Buffer.from(hash('sha256', bytes, 'binary'), 'latin1');

/** SHA-256(first || second). */
export const sha256Of = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  const length = first.length + second.length;
  const whole = length <= preimage.length ? preimage.subarray(0, length) : new Uint8Array(length);
  whole.set(first);
  whole.set(second, first.length);
  return sha256(whole);
};

/** MTH({}): the root of a tree without leaves is the hash of nothing. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array());

/** SHA-256(0x00 || entry). */
export const leafHash = (entry: Uint8Array): Uint8Array => sha256Of(leafPrefix, entry);

/** SHA-256(0x01 || left || right), of two hashes. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  if (left.length !== hashBytes || right.length !== hashBytes) {
    throw new Malformed('hash', `it is not ${String(hashBytes)} bytes long`);
  }
  nodePreimage.set(left, 1);
  nodePreimage.set(right, 1 + hashBytes);
  return sha256(nodePreimage);
};

/**
 * SHA-256(0x01 || left || right), written to `target` from `to` on; the two hashes follow each other in `hashes` from `at` on. It makes no object
 * that outlives it.
 */
export const hashPairInto = (target: Buffer, to: number, hashes: Uint8Array, at: number): void => {
  nodePreimage.set(hashes.subarray(at, at + 2 * hashBytes), 1);
  target.write(hash('sha256', nodePreimage, 'binary'), to, hashBytes, 'latin1');
};

export const sameHash = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);
