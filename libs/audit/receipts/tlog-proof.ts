/** Proofs that travel alone, https://c2sp.org/tlog-proof: where a leaf stands, the hashes to the root, and the signed checkpoint. */
import { Malformed } from '../errors.js';
import { hashBytes } from '../merkle/index.js';
import { parseNote } from '../notes/index.js';
import { base64, fromBase64, fromDecimal, fromUtf8 } from '../strict-text.js';

export interface TlogProof {
  /** 0-based. */
  index: number;
  /** From the leaf's sibling up. */
  proof: readonly Uint8Array[];
  /** The note as the log and the witnesses signed it, character for character. */
  checkpoint: string;
  /** Opaque; no signature covers it. */
  extra?: Uint8Array;
}

const header = 'c2sp.org/tlog-proof@v1';
/** Levels of the largest tree. */
const maxHashes = 64;
const maxBytes = 4_000_000;

/** The file, to be named `*.tlog-proof`. Throws Malformed when there is something in it that `parseTlogProof` would refuse. */
export const formatTlogProof = ({ index, proof, checkpoint, extra }: TlogProof): string => {
  const text = [
    header,
    ...(extra ? [`extra ${base64(extra)}`] : []),
    `index ${String(index)}`,
    ...proof.map(base64),
    '',
    checkpoint,
  ].join('\n');
  parseTlogProof(text);
  return text;
};

const parseHash = (line: string): Uint8Array => {
  const hash = fromBase64(line, 'tlog-proof');
  if (hash.length !== hashBytes) throw new Malformed('tlog-proof', 'a hash in it is not 32 bytes long');
  return hash;
};

const after = (line: string | undefined, word: string): string => {
  if (!line?.startsWith(`${word} `)) throw new Malformed('tlog-proof', `it has no line '${word}' where it should`);
  return line.slice(word.length + 1);
};

/** What the file says; nothing of it is verified. Throws Malformed. */
export const parseTlogProof = (file: Uint8Array | string): TlogProof => {
  const bytes = typeof file === 'string' ? Buffer.from(file) : file;
  if (bytes.length > maxBytes) throw new Malformed('tlog-proof', `it has more than ${String(maxBytes)} bytes`);
  const text = fromUtf8(bytes, 'tlog-proof');
  const end = text.indexOf('\n\n');
  if (end === -1) throw new Malformed('tlog-proof', 'it has no empty line before its checkpoint');
  const [first, ...lines] = text.slice(0, end).split('\n');
  if (first !== header) throw new Malformed('tlog-proof', `its first line is not ${header}`);
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(after(lines.shift(), 'extra'), 'tlog-proof') : undefined;
  const index = fromDecimal(after(lines.shift(), 'index'), 'tlog-proof');
  if (lines.length > maxHashes) throw new Malformed('tlog-proof', `it has more than ${String(maxHashes)} hashes`);
  const checkpoint = text.slice(end + 2);
  parseNote(checkpoint);
  return { index, proof: lines.map(parseHash), checkpoint, ...(extra && { extra }) };
};
