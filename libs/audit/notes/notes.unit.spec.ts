import { generateKeyPairSync } from 'node:crypto';
import { Malformed, QuorumMissing, SignatureRefused } from '../errors.js';
import { emptyRoot } from '../merkle/index.js';
import { ecdsaSigner, signerOf, witnessOf } from '../testing/keys.js';
import type { Checkpoint } from './index.js';
import {
  addSignatureLines,
  formatCheckpoint,
  formatNote,
  formatTimestamped,
  formatVerifierKey,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseTimestamped,
  parseVerifierKey,
  requireQuorum,
  signNote,
  verifierKey,
  verifyNote,
} from './index.js';

const origin = 'audit.example.com/billing';
const log = signerOf(origin, 1);
const root = Buffer.alloc(32, 9);
const head = (size: number): Checkpoint => ({ origin, size, root: size === 0 ? emptyRoot : root, extensions: [] });
const signed = (checkpoint: Checkpoint): Promise<string> => signNote(formatCheckpoint(checkpoint), [log]);
const line = '— a AAAAAAE=\n';

describe('a note', () => {
  it.each([
    ['no signatures', 'text\n'],
    ['no text', '— a AAAAAAE=\n'],
    ['an empty signature block', 'text\n\n'],
    ['no newline at its end', 'text\n\n— a AAAAAAE='],
    ['a hyphen for the dash', 'text\n\n- a AAAAAAE=\n'],
    ['two spaces', 'text\n\n—  a AAAAAAE=\n'],
    ['a third word', 'text\n\n— a AAAAAAE= b\n'],
    ['no key name', 'text\n\n— AAAAAAE=\n'],
    ['a plus in a key name', 'text\n\n— a+b AAAAAAE=\n'],
    ['a space of Unicode in a key name', 'text\n\n— a\u2003b AAAAAAE=\n'],
    ['a signature that is only an id', 'text\n\n— a AAAAAA==\n'],
    ['base64 without padding', 'text\n\n— a AAAAAAE\n'],
    ['base64 with stray bits', 'text\n\n— a AAAAAAF=\n'],
    ['base64 of URLs', 'text\n\n— a AAAAA-E=\n'],
    ['a tab', 'te\txt\n\n— a AAAAAAE=\n'],
    ['a carriage return', 'text\r\n\n— a AAAAAAE=\n'],
    ['a NUL', 'te\0xt\n\n— a AAAAAAE=\n'],
    ['more signatures than anyone makes', `text\n\n${line.repeat(101)}`],
    ['more bytes than anyone writes', `${'x'.repeat(1_000_000)}\n\n${line}`],
  ])('with %s is refused', (_, note) => {
    expect(() => parseNote(note)).toThrow(Malformed);
  });

  it('that is not UTF-8 is refused', () => {
    expect(() => parseNote(Buffer.concat([Buffer.of(0xff), Buffer.from(`text\n\n${line}`)]))).toThrow(Malformed);
  });

  it('may have empty lines, any Unicode and a hundred signatures', () => {
    const note = `ed è subito sera.\n\n\n\u{1f600}\n\n${line.repeat(100)}`;
    expect(parseNote(note).text).toBe('ed è subito sera.\n\n\n\u{1f600}\n');
    expect(formatNote(parseNote(note))).toBe(note);
  });

  it('is not made of a text that would not be read back', async () => {
    for (const text of ['no newline', 'a\ttab\n', 'half a pair \ud800\n', '']) {
      await expect(signNote(text, [log])).rejects.toThrow(Malformed);
    }
    await expect(signNote('nobody\n', [])).rejects.toThrow(Malformed);
  });

  it('needs one trusted signature, and no wrong one of a trusted key', async () => {
    const other = signerOf('other.example.com', 2);
    const both = parseNote(await signNote('text\n', [other, log]));
    expect(verifyNote(both, [log.key])).toHaveLength(1);
    expect(verifyNote(both, [log.key, other.key])).toHaveLength(2);
    expect(() => verifyNote(both, [])).toThrow(SignatureRefused);
    expect(() => verifyNote(both, [signerOf(origin, 3).key])).toThrow(SignatureRefused);
    expect(() => verifyNote(both, [signerOf('elsewhere', 1).key])).toThrow(SignatureRefused);
    const [theirs, ours] = both.signatures;
    if (!theirs || !ours) throw new Error('two signatures');
    const swapped = { ...both, signatures: [{ ...ours, signature: theirs.signature }, theirs] };
    expect(() => verifyNote(swapped, [log.key, other.key])).toThrow(SignatureRefused);
    expect(verifyNote(swapped, [other.key])).toHaveLength(1);
    const doubled = { ...both, signatures: [ours, ours] };
    expect(verifyNote(doubled, [log.key])).toHaveLength(1);
  });

  it('takes signature lines of others, and nothing else', async () => {
    const note = await signed(head(3));
    const witness = witnessOf('witness.example.com');
    const answer = witness.cosign(note, 5n).slice(note.length);
    const whole = addSignatureLines(note, answer);
    expect(whole).toBe(note + answer);
    expect(requireQuorum(parseNote(whole), { witnesses: [witness.key], quorum: 1 })).toHaveLength(1);
    for (const bad of ['', 'text\n', `more text\n\n${line}`, `\n${line}`, answer.trimEnd()]) {
      expect(() => addSignatureLines(note, bad)).toThrow(Malformed);
    }
  });

  it('can be signed with ECDSA P-256, and with no other curve', async () => {
    const signer = ecdsaSigner('ecdsa.example.com');
    const note = parseNote(await signNote('text\n', [signer]));
    const key = parseVerifierKey(formatVerifierKey(signer.key));
    expect(verifyNote(note, [key])).toHaveLength(1);
    expect(() => verifyNote({ ...note, text: 'texts\n' }, [key])).toThrow(SignatureRefused);
    const [signature] = note.signatures;
    if (!signature) throw new Error('a signature');
    const cut = [{ ...signature, signature: signature.signature.subarray(0, 20) }];
    expect(() => verifyNote({ ...note, signatures: cut }, [key])).toThrow(SignatureRefused);
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
    expect(() => verifierKey('ecdsa.example.com', 'ecdsa-p256', p384)).toThrow(Malformed);
    expect(() => verifierKey('ecdsa.example.com', 'ed25519', signer.key.publicKey)).toThrow(Malformed);
    expect(() => verifierKey('a b', 'ecdsa-p256', signer.key.publicKey)).toThrow(Malformed);
  });
});

describe('a checkpoint', () => {
  const hash = root.toString('base64');
  const empty = Buffer.from(emptyRoot).toString('base64');

  it('says what was put into it, at every size', async () => {
    for (const size of [0, 1, 255, 256, 70_000, Number.MAX_SAFE_INTEGER]) {
      const text = formatCheckpoint(head(size));
      expect(parseCheckpoint(text)).toEqual({ ...head(size), root: Buffer.from(head(size).root) });
      const opened = openCheckpoint(await signed(head(size)), { origin, keys: [log.key] });
      expect([opened.size, opened.origin]).toEqual([size, origin]);
    }
    const extended = { ...head(5), extensions: ['one line', 'another'] };
    expect(parseCheckpoint(formatCheckpoint(extended)).extensions).toEqual(['one line', 'another']);
  });

  it('of an empty tree is the origin, 0 and SHA-256 of nothing', () => {
    expect(formatCheckpoint(head(0))).toBe(`${origin}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`);
  });

  it.each([
    ['two lines', `${origin}\n5\n`],
    ['no newline at its end', `${origin}\n5\n${hash}`],
    ['an empty origin', `\n5\n${hash}\n`],
    ['a leading zero', `${origin}\n05\n${hash}\n`],
    ['zeroes for 0', `${origin}\n00\n${empty}\n`],
    ['a sign', `${origin}\n+5\n${hash}\n`],
    ['a negative size', `${origin}\n-5\n${hash}\n`],
    ['a fraction', `${origin}\n5.0\n${hash}\n`],
    ['an exponent', `${origin}\n5e3\n${hash}\n`],
    ['hexadecimal', `${origin}\n0x5\n${hash}\n`],
    ['digits of another script', `${origin}\n\u0665\n${hash}\n`],
    ['a space after the size', `${origin}\n5 \n${hash}\n`],
    ['a size beyond 2^53', `${origin}\n9007199254740992\n${hash}\n`],
    ['a root of 31 bytes', `${origin}\n5\n${Buffer.alloc(31).toString('base64')}\n`],
    ['a root of 33 bytes', `${origin}\n5\n${Buffer.alloc(33).toString('base64')}\n`],
    ['a root in hexadecimal', `${origin}\n5\n${root.toString('hex')}\n`],
    ['a root without padding', `${origin}\n5\n${hash.slice(0, -1)}\n`],
    ['a root of an empty tree that is another', `${origin}\n0\n${hash}\n`],
    ['an empty extension line', `${origin}\n5\n${hash}\n\n`],
    ['an empty line between extensions', `${origin}\n5\n${hash}\na\n\nb\n`],
  ])('with %s is refused', (_, text) => {
    expect(() => parseCheckpoint(text)).toThrow(Malformed);
  });

  it('is not made with what cannot be read back', () => {
    for (const bad of [
      { origin: '' },
      { origin: 'two\nlines' },
      { size: -1 },
      { size: 0.5 },
      { size: 2 ** 60 },
      { root: new Uint8Array(31) },
      { size: 0 },
      { extensions: [''] },
      { extensions: ['two\nlines'] },
    ]) {
      expect(() => formatCheckpoint({ ...head(5), ...bad })).toThrow(Malformed);
    }
  });

  it('of another log, or signed by a witness alone, is not believed', async () => {
    const note = await signed(head(5));
    expect(() => openCheckpoint(note, { origin: 'another', keys: [log.key] })).toThrow(SignatureRefused);
    const witness = witnessOf('witness.example.com');
    const cosigned = witness.cosign(note, 1n);
    expect(() => openCheckpoint(cosigned, { origin, keys: [witness.key] })).toThrow(SignatureRefused);
    expect(openCheckpoint(cosigned, { origin, keys: [log.key] }).size).toBe(5);
  });

  it('is believed by an old key and by a new one, while both are known', async () => {
    const next = signerOf(origin, 4);
    const both = await signNote(formatCheckpoint(head(5)), [log, next]);
    const after = await signNote(formatCheckpoint(head(6)), [next]);
    expect(openCheckpoint(both, { origin, keys: [log.key] }).size).toBe(5);
    expect(openCheckpoint(both, { origin, keys: [next.key] }).size).toBe(5);
    expect(openCheckpoint(after, { origin, keys: [log.key, next.key] }).size).toBe(6);
    expect(() => openCheckpoint(after, { origin, keys: [log.key] })).toThrow(SignatureRefused);
  });
});

describe('a quorum of witnesses', () => {
  const [one, two, three] = ['w1.example.com', 'w2.example.com', 'w3.example.com'].map(witnessOf) as [
    ReturnType<typeof witnessOf>,
    ReturnType<typeof witnessOf>,
    ReturnType<typeof witnessOf>,
  ];
  const witnesses = [one.key, two.key, three.key];

  it('is reached by as many different witnesses as it asks for', async () => {
    const note = await signed(head(5));
    const cosigned = two.cosign(one.cosign(note, 100n), 2n ** 63n - 1n);
    expect(requireQuorum(parseNote(cosigned), { witnesses, quorum: 2 })).toEqual([
      { witness: 'w1.example.com', timestamp: 100n },
      { witness: 'w2.example.com', timestamp: 2n ** 63n - 1n },
    ]);
    expect(requireQuorum(parseNote(note), { witnesses, quorum: 0 })).toEqual([]);
    const missing = () => requireQuorum(parseNote(cosigned), { witnesses, quorum: 3 });
    expect(missing).toThrow(QuorumMissing);
    expect(missing).toThrow('2 of the 3 needed witnesses');
  });

  it('is not reached by one witness twice, nor by strangers', async () => {
    const note = await signed(head(5));
    const twice = one.cosign(one.cosign(note, 100n), 101n);
    expect(() => requireQuorum(parseNote(twice), { witnesses, quorum: 2 })).toThrow(QuorumMissing);
    const stranger = witnessOf('w2.example.com').cosign(one.cosign(note, 100n), 100n);
    expect(() => requireQuorum(parseNote(stranger), { witnesses, quorum: 2 })).toThrow(QuorumMissing);
  });

  it('is not reached with a time, a text or a signature that the witness did not sign', async () => {
    const cosigned = parseNote(one.cosign(await signed(head(5)), 100n));
    const [ours, line] = cosigned.signatures;
    if (!ours || !line) throw new Error('two signatures');
    const { signature } = parseTimestamped(line.signature);
    const later = Buffer.from(formatTimestamped({ timestamp: 101n, signature }));
    const beyond = Buffer.from(line.signature);
    beyond[0] = 0x80;
    const plain = await log.sign(Buffer.from(cosigned.text));
    for (const bad of [later, beyond, plain, line.signature.subarray(0, 71), signature]) {
      const note = { ...cosigned, signatures: [ours, { ...line, signature: bad }] };
      expect(() => requireQuorum(note, { witnesses, quorum: 1 })).toThrow(SignatureRefused);
    }
    const other = { ...cosigned, text: formatCheckpoint(head(6)) };
    expect(() => requireQuorum(other, { witnesses, quorum: 1 })).toThrow(SignatureRefused);
    const extended = { ...cosigned, text: formatCheckpoint({ ...head(5), extensions: ['more'] }) };
    expect(() => requireQuorum(extended, { witnesses, quorum: 1 })).toThrow(SignatureRefused);
  });

  it('is refused as a policy when a witness could count twice or is none', async () => {
    const note = parseNote(await signed(head(5)));
    const alias = verifierKey('alias.example.com', 'cosignature', one.key.publicKey);
    for (const policy of [
      { witnesses: [one.key, alias], quorum: 1 },
      { witnesses: [one.key, witnessOf('w1.example.com').key], quorum: 1 },
      { witnesses: [log.key], quorum: 1 },
      { witnesses, quorum: 4 },
      { witnesses, quorum: -1 },
      { witnesses, quorum: 0.5 },
    ]) {
      expect(() => requireQuorum(note, policy)).toThrow(Malformed);
    }
  });

  it('has times that a cosignature can hold', () => {
    for (const timestamp of [-1n, 2n ** 63n]) {
      expect(() => formatTimestamped({ timestamp, signature: new Uint8Array(64) })).toThrow(RangeError);
    }
    expect(() => formatTimestamped({ timestamp: 1n, signature: new Uint8Array(63) })).toThrow(RangeError);
    const beyond = Buffer.alloc(72);
    beyond[0] = 0x80;
    expect(() => parseTimestamped(beyond)).toThrow(Malformed);
    expect(() => parseTimestamped(beyond.subarray(1))).toThrow(Malformed);
  });
});
