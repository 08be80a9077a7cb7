import { Malformed, SignatureRefused } from '../errors.js';
import { signerOf } from '../testing/keys.js';
import {
  formatNote,
  formatVerifierKey,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseTimestamped,
  parseVerifierKey,
  requireQuorum,
  signNote,
  verifyNote,
} from './index.js';

/** The example of signed-note.md: an Ed25519 key and what it signed. */
const example = {
  vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  note: 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
};
/** The example of golang.org/x/mod/sumdb/note. */
const peter = {
  skey: 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  note: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
};
/** Checkpoints of logs that sign with ECDSA P-256, from the tests of github.com/transparency-dev/formats. */
const rekor = {
  vkey: 'rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc=',
  note: 'Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n— rekor.sigstore.dev wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCoTURUCRdxwWBHHufk=\n',
};
const pixel = {
  vkey: 'pixel6_transparency_log+91c16e30+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN+4x0Jk1yTwvLFI9A4NDdGZcX0aiWVdWM5XJVy0M4VWD3AvyW5Q6Hs9A0mcDkpUoYgn+KKPNzFC0H3nN3q6JQ8=',
  note: 'DEFAULT\n10\nbsWRucJU5xJPHb5eBdOm6+DM+VelCZBuvtI3sHERJ9Y=\n\n— pixel6_transparency_log kcFuMDBFAiEAhqMAP8P6qf6QxtUJhzMhbN+MbZ9dwfUHzGQJmffJHtoCIGD0cNe47dHWBoPwYdgBCepB06/+g5O1FmYjXl06owL4\n',
};
/** The checkpoint of tlog-checkpoint.md, signed and cosigned by github.com/transparency-dev/formats with the key of `peter`. */
const cosigned = {
  witness: 'PeterNeumann+18b9780b+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  note: 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— PeterNeumann x08go5/3L9NHv4CxP0XTzEcSuWnwY/BYfHU7NnQPhQyrEuH+AqeHvF+HXNvu8ujR9RQHE17Tcer4sDE9uIi/Yx6ihwc=\n— PeterNeumann GLl4CwAAAABrAd6Up8/X0bLLBJNoqNXQt9PfSEgIwNE5f+mn8zQoRQl6JxXJquYboM1v/xSvRHftAOzkgflm0n2bUZz28kSo8fWGDQ==\n',
};

const signedByOthers = [
  ['signed-note.md', example],
  ['golang.org/x/mod', peter],
  ['Rekor, ECDSA', rekor],
  ['the Pixel log, ECDSA', pixel],
] as const;

describe('what others signed', () => {
  it.each(signedByOthers)('verifies: %s', (_, { vkey, note }) => {
    const key = parseVerifierKey(vkey);
    expect(formatVerifierKey(key)).toBe(vkey);
    const [signature] = verifyNote(parseNote(note), [key]);
    expect(signature?.key).toBe(key);
    expect(formatNote(parseNote(note))).toBe(note);
  });

  it.each(signedByOthers)('is refused with another character in its text: %s', (_, { vkey, note }) => {
    const changed = note.replace(/^./, (first) => (first === 'X' ? 'Y' : 'X'));
    expect(() => verifyNote(parseNote(changed), [parseVerifierKey(vkey)])).toThrow(SignatureRefused);
  });

  it('is a checkpoint that a witness of another make has seen', () => {
    const log = { origin: 'example.com/behind-the-sofa', keys: [parseVerifierKey(peter.vkey)] };
    const checkpoint = openCheckpoint(cosigned.note, log);
    expect(checkpoint).toMatchObject({ size: 20852163, extensions: [] });
    const policy = { witnesses: [parseVerifierKey(cosigned.witness)], quorum: 1 };
    expect(requireQuorum(checkpoint.note, policy)).toEqual([{ witness: 'PeterNeumann', timestamp: 1795284628n }]);
  });

  it('is read as the specifications of checkpoints and cosignatures write it', () => {
    const note = parseNote(
      'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
        '— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n' +
        '— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n',
    );
    expect(parseCheckpoint(note.text)).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163 });
    expect(note.signatures.map(({ name, keyId }) => [name, keyId])).toEqual([
      ['example.com/behind-the-sofa', 0x033de0ae],
      ['witness.example.com/w1', 0x8d66cf3f],
    ]);
    const [, line] = note.signatures;
    expect(parseTimestamped(line?.signature ?? new Uint8Array()).timestamp).toBe(1679315147n);
  });

  it('is signed by us with the same key, byte for byte', async () => {
    const seed = Buffer.from(peter.skey.split('+').slice(4).join('+'), 'base64').subarray(1);
    const signer = signerOf('PeterNeumann', seed);
    expect(formatVerifierKey(signer.key)).toBe(peter.vkey);
    expect(await signNote(parseNote(peter.note).text, [signer])).toBe(peter.note);
  });
});

describe('a key', () => {
  it.each([
    ['another id', 'PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['upper case in its id', 'PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['another name', 'PeterNewmann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['a space in its name', 'Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['no name', '+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['an unknown type', 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['bytes too many', 'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=='],
    ['no base64', 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T*'],
    ['no curve', 'rekor.sigstore.dev+12345678+AgEB'],
    ['two parts', 'PeterNeumann+c74f20a3'],
    ['nothing', ''],
  ])('with %s is refused', (_, vkey) => {
    expect(() => parseVerifierKey(vkey)).toThrow(Malformed);
  });
});
