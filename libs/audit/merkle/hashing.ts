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

export const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

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

export const sameHash = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);
