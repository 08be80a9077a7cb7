/** Signed notes, https://c2sp.org/signed-note: a text, an empty line, signature lines. */
import { Malformed } from '../errors.js';
import { base64, fromBase64, fromUtf8 } from '../strict-text.js';

/** One line under a note. Nothing is known of it before a key that someone trusts has verified it. */
export interface NoteSignature {
  name: string;
  /** uint32. Name and id together say which key. */
  keyId: number;
  /** What follows the id: the signature, in the form of the key's type. */
  signature: Uint8Array;
}

export interface Note {
  /** What is signed: it ends with a newline. */
  text: string;
  signatures: readonly NoteSignature[];
}

/** Bounds of what is read; the specification asks for 16 signatures at least. */
const maxNoteBytes = 1_000_000;
const maxSignatures = 100;

const keyIdBytes = 4;
const lineStart = '\u2014 ';

/** Control characters of ASCII, a newline apart: the specification forbids them. */
const hasControlCharacter = (bytes: Uint8Array): boolean => bytes.some((byte) => byte < 0x20 && byte !== 0x0a);

/** Whether a key may have this name: not empty, without spaces of Unicode and without a plus. */
export const isKeyName = (name: string): boolean => name !== '' && !/[\p{White_Space}+]/u.test(name);

const parseSignature = (line: string): NoteSignature => {
  const [, name = '', encoded = ''] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  if (!isKeyName(name)) throw new Malformed('note', 'a signature line is not: em dash, space, key name, space, base64');
  const bytes = Buffer.from(fromBase64(encoded, 'note signature'));
  if (bytes.length <= keyIdBytes) throw new Malformed('note', 'a signature is too short to be one');
  return { name, keyId: bytes.readUInt32BE(0), signature: bytes.subarray(keyIdBytes) };
};

/** Text and signature lines of a note, none of them verified. Throws Malformed. */
export const parseNote = (note: Uint8Array | string): Note => {
  const bytes = typeof note === 'string' ? Buffer.from(note) : note;
  if (bytes.length > maxNoteBytes) throw new Malformed('note', `it has more than ${String(maxNoteBytes)} bytes`);
  const whole = fromUtf8(bytes, 'note');
  if (hasControlCharacter(bytes)) throw new Malformed('note', 'it has a control character');
  const split = whole.lastIndexOf('\n\n');
  if (split === -1) throw new Malformed('note', 'it has no empty line between text and signatures');
  const rest = whole.slice(split + 2);
  if (!rest.endsWith('\n')) throw new Malformed('note', 'it does not end with a signature line and a newline');
  const lines = rest.slice(0, -1).split('\n');
  if (lines.length > maxSignatures) throw new Malformed('note', `it has more than ${String(maxSignatures)} signatures`);
  return { text: whole.slice(0, split + 1), signatures: lines.map(parseSignature) };
};

/** A note as it is published. Throws Malformed for a text or a signature that `parseNote` would refuse. */
export const formatNote = ({ text, signatures }: Note): string => {
  if (!text.endsWith('\n')) throw new Malformed('note', 'its text does not end with a newline');
  if (!text.isWellFormed()) throw new Malformed('note', 'its text is not Unicode');
  const lines = signatures.map(({ name, keyId, signature }) => {
    const id = Buffer.alloc(keyIdBytes);
    id.writeUInt32BE(keyId);
    return `${lineStart}${name} ${base64(Buffer.concat([id, signature]))}\n`;
  });
  const note = `${text}\n${lines.join('')}`;
  parseNote(note);
  return note;
};
