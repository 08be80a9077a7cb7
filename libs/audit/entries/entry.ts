/**
 * A leaf of the audit log: that an event stands at this place, and a commitment to its bytes; nothing of whom or what it is about.
 * The bytes are a storage format, RFC 8785: `{"commitment":"<64 hex digits>","position":7,"shard":3,"v":1}`.
 */
import { Malformed } from '../errors.js';
import { hashBytes } from '../merkle/index.js';
import { fromDecimal, fromUtf8 } from '../strict-text.js';

/** The version that is written. A later one has another `v`, and the old ones stay readable. */
const version = 1;

const maxShard = 65_535;

export interface Entry {
  /** Shard of the event log, 0 to 65,535: so that whoever counts positions needs a bounded memory. */
  shard: number;
  /** 1-based place in the shard, without gaps. */
  position: number;
  /** SHA-256(salt || event bytes), 32 bytes. */
  commitment: Uint8Array;
}

/** The bytes that are hashed into a leaf. Throws RangeError for a place that no event has or a commitment of another length. */
export const formatEntry = ({ shard, position, commitment }: Entry): Uint8Array => {
  if (!Number.isInteger(shard) || shard < 0 || shard > maxShard) throw new RangeError('a shard is 0 to 65535');
  if (!Number.isSafeInteger(position) || position < 1) throw new RangeError('a position is a whole number from 1');
  if (commitment.length !== hashBytes) throw new RangeError('a commitment has 32 bytes');
  const hex = Buffer.from(commitment).toString('hex');
  // RFC 8785 by hand, of digits alone: it is done for every leaf.
  return Buffer.from(
    `{"commitment":"${hex}","position":${String(position)},"shard":${String(shard)},"v":${String(version)}}`,
  );
};

const form = /^\{"commitment":"([0-9a-f]{64})","position":([1-9][0-9]*),"shard":([0-9]+),"v":([0-9]+)\}$/;

/** The entry of a leaf. Throws Malformed for everything that `formatEntry` does not write, `what` being the leaf's name. */
export const parseEntry = (bytes: Uint8Array, what = 'entry'): Entry => {
  const [, commitment, position, shard, v] = form.exec(fromUtf8(bytes, what)) ?? [];
  if (commitment === undefined || position === undefined || shard === undefined || v === undefined) {
    throw new Malformed(what, 'it is not an entry in its canonical form (RFC 8785)');
  }
  if (v !== String(version)) throw new Malformed(what, `its version is ${v}; use a verifier that knows it`);
  const shardNumber = fromDecimal(shard, what);
  if (shardNumber > maxShard) throw new Malformed(what, 'its shard is above 65535');
  return {
    shard: shardNumber,
    position: fromDecimal(position, what),
    commitment: Buffer.from(commitment, 'hex'),
  };
};
