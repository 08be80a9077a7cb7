import { Malformed } from '../errors.js';

const lengthBytes = 2;
/** Bytes that an entry may have: its length is written in 16 bits. */
export const maxEntryBytes = 65_535;

/** C2SP tlog-tiles: each entry after its length, 16 bits, big-endian. Throws RangeError for an entry of more than 65,535 bytes. */
export const formatBundle = (entries: readonly Uint8Array[]): Uint8Array => {
  const bundle = Buffer.alloc(entries.reduce((sum, { length }) => sum + lengthBytes + length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > maxEntryBytes) throw new RangeError(`an entry has at most ${String(maxEntryBytes)} bytes`);
    at = bundle.writeUInt16BE(entry.length, at);
    bundle.set(entry, at);
    at += entry.length;
  }
  return bundle;
};

/** The entries of a bundle. Throws Malformed, naming `what`, when there are not `width` of them or when bytes are left over or missing. */
export const parseBundle = (bundle: Uint8Array, width: number, what: string): Uint8Array[] => {
  const bytes = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length && entries.length < width) {
    const begin = at + lengthBytes;
    const end = begin <= bytes.length ? begin + bytes.readUInt16BE(at) : Infinity;
    if (end > bytes.length) throw new Malformed(what, `it ends within its entry ${String(entries.length)}`);
    entries.push(bytes.subarray(begin, end));
    at = end;
  }
  if (at !== bytes.length) throw new Malformed(what, `it has more than ${String(width)} entries`);
  if (entries.length !== width)
    throw new Malformed(what, `it has ${String(entries.length)} of ${String(width)} entries`);
  return entries;
};
