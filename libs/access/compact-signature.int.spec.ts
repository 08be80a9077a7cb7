import type { JWK } from 'jose';

import { readVectors, wycheproofFolder, wycheproofMissing } from '../../test/wycheproof/index.js';
import type { Expectation } from '../../test/wycheproof/index.js';
import { AccessDenied } from './access-denied.js';
import { verifyCompact } from './compact-signature.js';
import { allowedAlgorithms } from './compact-token.js';
import { fixedKeys } from './jwks/index.js';

const files = ['json_web_signature', 'json_web_key', 'json_web_crypto', 'json_web_encryption'];

type KeySet = JWK | { keys: JWK[] };
interface Vector extends Expectation {
  place: string;
  token: string;
  keys: { keys: JWK[] };
}

const folder = await wycheproofFolder();
const skipped = folder === undefined && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${wycheproofMissing}\n`);

const read = async (file: string): Promise<Vector[]> => {
  if (folder === undefined) throw new Error(wycheproofMissing);
  const { testGroups } = await readVectors<
    { public?: KeySet; private: KeySet },
    { jws?: string | object; jwe?: string | object }
  >(folder, `${file}_test.json`);
  return testGroups.flatMap(({ tests, comment = '', ...group }) => {
    const given = group.public ?? group.private;
    const keys = 'keys' in given ? given : { keys: [given] };
    return tests.map(({ jws, jwe, ...test }) => {
      const form = jws ?? jwe ?? '';
      const token = typeof form === 'string' ? form : JSON.stringify(form);
      return { ...test, token, keys, place: `${file} ${test.tcId} (${comment}, ${test.comment})` };
    });
  });
};

/** What becomes of a vector: the payload's length where it is accepted, the reason where it is not. */
const outcomeOf = async ({ token, keys }: Vector): Promise<number | string> => {
  try {
    return (await verifyCompact(token, fixedKeys(keys))).length;
  } catch (error) {
    if (error instanceof AccessDenied) return error.code;
    throw error;
  }
};

const isOurs = ({ token }: Vector): boolean => {
  const { alg } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { alg: string };
  return allowedAlgorithms.some((allowed) => allowed === alg);
};

(skipped ? describe.skip : describe)('the signature of a token, judged by Wycheproof', () => {
  let vectors: Vector[];
  beforeAll(async () => {
    vectors = (await Promise.all(files.map(read))).flat();
  });

  it('is accepted where it is valid and of an algorithm of ours, and nowhere else', async () => {
    const judged = await Promise.all(
      vectors.map(async (vector) => ({
        ...vector,
        outcome: await outcomeOf(vector),
        ours: vector.result === 'valid' && isOurs(vector),
      })),
    );
    const accepted = judged.filter(({ outcome }) => typeof outcome === 'number');
    const places = (some: Vector[]) => some.map(({ place }) => place);
    expect(places(accepted.filter(({ result }) => result !== 'valid'))).toEqual([]);
    expect(places(accepted)).toEqual(places(judged.filter(({ ours }) => ours)));
    const invalid = judged.filter(({ result }) => result === 'invalid');
    expect([accepted.length > 15, invalid.length > 500]).toEqual([true, true]); // or the vectors are not what they were
    process.stderr.write(
      `wycheproof: ${judged.length} JOSE vectors tried, ${invalid.length} invalid ones, none accepted; ` +
        `${accepted.length} valid ones of our algorithms, all accepted\n`,
    );
  });
});
