/** The hashes of RFC 6962, section 2.1: SHA-256, with a first byte that keeps a leaf from passing for a node. */
import { hash, timingSafeEqual } from 'node:crypto';
import { Malformed } from '../errors.js';

/** Bytes of a hash. */
export const hashBytes = 32;

const leafPrefix = 0x00;
const nodePrefix = 0x01;
/** Where a node's preimage is laid out; hashing is synchronous, so one place is enough. */
const preimage = new Uint8Array(1 + 2 * hashBytes);
preimage[0] = nodePrefix;

export const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

/** MTH({}): the root of a tree without leaves is the hash of nothing. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array());

/** SHA-256(0x00 || entry). */
export const leafHash = (entry: Uint8Array): Uint8Array => {
  const prefixed = new Uint8Array(1 + entry.length);
  prefixed[0] = leafPrefix;
  prefixed.set(entry, 1);
  return sha256(prefixed);
};

/** SHA-256(0x01 || left || right), of two hashes. */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array => {
  if (left.length !== hashBytes || right.length !== hashBytes) {
    throw new Malformed('hash', `it is not ${String(hashBytes)} bytes long`);
  }
  preimage.set(left, 1);
  preimage.set(right, 1 + hashBytes);
  return sha256(preimage);
};

export const sameHash = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);
