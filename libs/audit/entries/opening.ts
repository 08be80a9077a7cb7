/**
 * What opens a leaf: the place, the salt and the event's bytes, from which anyone computes the entry again. Whoever holds it reads the
 * event: it goes to its owner and to auditors. RFC 8785: `{"event":"<base64>","position":7,"salt":"<base64>","shard":3,"v":1}`.
 */
import canonicalize from 'canonicalize';
import { Malformed } from '../errors.js';
import { base64, fromBase64, fromDecimal, fromUtf8 } from '../strict-text.js';
import { commitmentTo } from './commitment.js';
import type { Entry } from './entry.js';

const version = 1;

export interface Opening {
  shard: number;
  position: number;
  /** 32 bytes. */
  salt: Uint8Array;
  /** The event's bytes as they are stored. */
  event: Uint8Array;
}

/** The entry that this opening makes. Throws RangeError for a salt of another length. */
export const entryOf = ({ shard, position, salt, event }: Opening): Entry => ({
  shard,
  position,
  commitment: commitmentTo(salt, event),
});

export const formatOpening = ({ shard, position, salt, event }: Opening): Uint8Array =>
  Buffer.from(canonicalize({ v: version, shard, position, salt: base64(salt), event: base64(event) }) as string);

const form =
  /^\{"event":"([0-9A-Za-z+/=]*)","position":([1-9][0-9]*),"salt":"([0-9A-Za-z+/]{43}=)","shard":([0-9]+),"v":([0-9]+)\}$/;

/** Throws Malformed for everything that `formatOpening` does not write. */
export const parseOpening = (bytes: Uint8Array): Opening => {
  const [, event, position, salt, shard, v] = form.exec(fromUtf8(bytes, 'opening')) ?? [];
  if (event === undefined || position === undefined || salt === undefined || shard === undefined) {
    throw new Malformed('opening', 'it is not in its canonical form (RFC 8785)');
  }
  if (v !== String(version)) throw new Malformed('opening', 'its version is not known; use a verifier that knows it');
  return {
    shard: fromDecimal(shard, 'opening'),
    position: fromDecimal(position, 'opening'),
    salt: fromBase64(salt, 'opening'),
    event: fromBase64(event, 'opening'),
  };
};
