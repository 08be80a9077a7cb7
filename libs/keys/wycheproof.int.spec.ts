import type { Expectation } from '../../test/wycheproof/index.js';
import { readVectors, wycheproofFolder, wycheproofMissing } from '../../test/wycheproof/index.js';
import { gcmDecrypt, gcmEncrypt, gcmKeyBytes, gcmNonceBytes, gcmTagBytes } from './aes-gcm.js';
import { hkdfSha256 } from './hkdf.js';
import { hmacSha256 } from './hmac.js';
import { openBox } from './local/box.js';

const folder = await wycheproofFolder();
const skipped = folder === undefined && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${wycheproofMissing}\n`);

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** A vector and the parameters of its group; `holds` tells whether ours does what it expects of a valid one. */
type Judged<Vector> = Vector & Expectation;

const judge = async <Group, Vector>(
  file: string,
  isOurs: (group: Group) => boolean,
  holds: (vector: Judged<Vector>, group: Group) => boolean,
): Promise<void> => {
  if (folder === undefined) throw new Error(wycheproofMissing);
  const { testGroups } = await readVectors<Group, Vector>(folder, file);
  const all = testGroups.flatMap((group) => group.tests.map((test) => ({ test: test, group })));
  const judged = all.map(({ test, group }) => ({ test, ours: isOurs(group), held: holds(test, group) }));
  const wrong = judged.filter(({ test, ours, held }) => held !== (test.result === 'valid' && ours));
  expect(wrong.map(({ test }) => `${test.tcId} ${test.result} ${test.comment}`)).toEqual([]);
  const invalid = judged.filter(({ test }) => test.result === 'invalid').length;
  const valid = judged.filter(({ held }) => held).length;
  expect([invalid > 0, valid > 30]).toEqual([true, true]); // or the vectors are not what they were
  process.stderr.write(
    `wycheproof: ${judged.length} of ${file} tried, ${invalid} invalid ones, none accepted; ${valid} valid ones of our parameters, all accepted\n`,
  );
};

/** Whether something gives what is expected; false where it throws. */
const gives = (expected: string, make: () => Buffer): boolean => {
  try {
    return make().equals(hex(expected));
  } catch {
    return false;
  }
};

(skipped ? describe.skip : describe)('the cryptography in use, judged by Wycheproof', () => {
  interface Sizes {
    ivSize: number;
    keySize: number;
    tagSize: number;
  }
  interface Sealed {
    key: string;
    iv: string;
    aad: string;
    msg: string;
    ct: string;
    tag: string;
  }
  const isOurs = ({ ivSize, keySize, tagSize }: Sizes) =>
    ivSize === gcmNonceBytes * 8 && keySize === gcmKeyBytes * 8 && tagSize === gcmTagBytes * 8;
  const parametersOf = ({ key, iv, aad }: Sealed) => ({ key: hex(key), nonce: hex(iv), additionalData: hex(aad) });

  it('AES-256-GCM opens and makes what is valid with a nonce of 12 bytes, and nothing else', async () => {
    await judge<Sizes, Sealed>('aes_gcm_test.json', isOurs, (vector) =>
      gives(vector.msg, () => gcmDecrypt(parametersOf(vector), hex(vector.ct + vector.tag))),
    );
    await judge<Sizes, Sealed>('aes_gcm_test.json', isOurs, (vector) =>
      gives(vector.ct + vector.tag, () => {
        const into = Buffer.alloc(hex(vector.msg).length + gcmTagBytes);
        gcmEncrypt(parametersOf(vector), hex(vector.msg), into);
        return into;
      }),
    );
  });

  it('the box of the local key management opens what is valid, and nothing else', async () => {
    await judge<Sizes, Sealed>('aes_gcm_test.json', isOurs, ({ key, iv, aad, msg, ct, tag, ...vector }) =>
      // A box begins with its nonce, so one of another length is not expressible.
      vector.flags.some((flag) => /Iv/i.test(flag)) && iv.length !== gcmNonceBytes * 2
        ? false
        : gives(msg, () => openBox(hex(key), hex(aad), hex(iv + ct + tag))),
    );
  });

  it('HKDF-SHA256 derives what is valid, and no more than 8,160 bytes', async () => {
    interface Derived {
      ikm: string;
      salt: string;
      info: string;
      size: number;
      okm: string;
    }
    const always = () => true;
    await judge<object, Derived>('hkdf_sha256_test.json', always, ({ ikm, salt, info, size, okm }) =>
      gives(okm, () => hkdfSha256(hex(ikm), hex(salt), hex(info), size)),
    );
  });

  it('HMAC-SHA256 gives whole tags that are valid, also in parts, and no others', async () => {
    interface Tagged {
      key: string;
      msg: string;
      tag: string;
    }
    const isWhole = ({ tagSize }: Pick<Sizes, 'tagSize'>) => tagSize === 256;
    for (const cut of [0, 3])
      await judge<Pick<Sizes, 'tagSize'>, Tagged>('hmac_sha256_test.json', isWhole, ({ key, msg, tag }) =>
        gives(tag, () => hmacSha256(hex(key), hex(msg).subarray(0, cut), hex(msg).subarray(cut))),
      );
  });
});
