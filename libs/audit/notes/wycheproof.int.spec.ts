import { createPublicKey } from 'node:crypto';

import { readVectors, wycheproofFolder, wycheproofMissing } from '../../../test/wycheproof/index.js';
import { holdsOver } from './verify-note.js';

const folder = await wycheproofFolder();
const skipped = folder === undefined && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${wycheproofMissing}\n`);

interface Signed {
  msg: string;
  sig: string;
}

(skipped ? describe.skip : describe)('the signature of a note, judged by Wycheproof', () => {
  it.each([
    ['ed25519', 'ed25519_test.json'],
    ['ecdsa-p256', 'ecdsa_secp256r1_sha256_test.json'],
  ] as const)('of %s is accepted where it is valid, and nowhere else', async (type, file) => {
    if (folder === undefined) throw new Error(wycheproofMissing);
    const { testGroups } = await readVectors<{ publicKeyDer: string }, Signed>(folder, file);
    const judged = testGroups.flatMap(({ publicKeyDer, tests }) => {
      const publicKey = createPublicKey({ key: Buffer.from(publicKeyDer, 'hex'), format: 'der', type: 'spki' });
      return tests.map((test) => ({
        ...test,
        held: holdsOver(Buffer.from(test.msg, 'hex'), { type, publicKey }, Buffer.from(test.sig, 'hex')),
      }));
    });
    const wrong = judged.filter(({ result, held }) => result !== 'acceptable' && held !== (result === 'valid'));
    expect(wrong.map(({ tcId, result, comment }) => `${tcId} ${result} ${comment}`)).toEqual([]);
    const invalid = judged.filter(({ result }) => result === 'invalid').length;
    const valid = judged.filter(({ held }) => held).length;
    expect([invalid > 50, valid > 50]).toEqual([true, true]); // or the vectors are not what they were
    process.stderr.write(
      `wycheproof: ${judged.length} of ${file} tried, ${invalid} invalid ones, none accepted; ${valid} valid ones, all accepted\n`,
    );
  });
});
