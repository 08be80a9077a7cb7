/** What a witness signs, https://c2sp.org/tlog-cosignature: at this time, this was the largest tree it had seen of this log. */
import { Malformed } from '../errors.js';

const timestampBytes = 8;
const signatureBytes = 64;
const maxTimestamp = 2n ** 63n - 1n;

export interface TimestampedSignature {
  /** POSIX seconds, 0 to 2^63 - 1. */
  timestamp: bigint;
  /** Ed25519, 64 bytes, over `cosignedMessage`. */
  signature: Uint8Array;
}

/** The bytes that a witness signs for the text of a checkpoint, extension lines included. */
export const cosignedMessage = (text: string, timestamp: bigint): Uint8Array =>
  Buffer.from(`cosignature/v1\ntime ${String(timestamp)}\n${text}`);

/** `timestamped_signature` of the specification. Throws RangeError for a time or a signature that it cannot hold. */
export const formatTimestamped = ({ timestamp, signature }: TimestampedSignature): Uint8Array => {
  if (timestamp < 0n || timestamp > maxTimestamp) throw new RangeError('a timestamp is 0 to 2^63 - 1 seconds');
  if (signature.length !== signatureBytes) throw new RangeError('an Ed25519 signature has 64 bytes');
  const bytes = Buffer.alloc(timestampBytes);
  bytes.writeBigUInt64BE(timestamp);
  return Buffer.concat([bytes, signature]);
};

/** Throws Malformed for another length, and for a time above 2^63 - 1. */
export const parseTimestamped = (bytes: Uint8Array): TimestampedSignature => {
  if (bytes.length !== timestampBytes + signatureBytes) {
    throw new Malformed('cosignature', 'it is not 8 bytes of time and 64 of Ed25519');
  }
  const timestamp = Buffer.from(bytes).readBigUInt64BE(0);
  if (timestamp > maxTimestamp) throw new Malformed('cosignature', 'its time is above 2^63 - 1');
  return { timestamp, signature: bytes.subarray(timestampBytes) };
};
