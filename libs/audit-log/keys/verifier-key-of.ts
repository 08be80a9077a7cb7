import { createPublicKey } from 'node:crypto';

import type { VerifierKey } from '#audit';
import { verifierKey } from '#audit';
import type { KeyManagement } from '#keys';

/**
 * What a key of the key management is to those who verify notes: the name that it signs under, and its public key. Rejects as the key
 * management does, and with Malformed for a name that no key may have.
 */
export const verifierKeyOf = async (
  kms: Pick<KeyManagement, 'signingKey'>,
  keyName: string,
  noteName: string,
): Promise<VerifierKey> => {
  const { algorithm, publicKey } = await kms.signingKey(keyName);
  return verifierKey(noteName, algorithm, createPublicKey({ key: publicKey, format: 'der', type: 'spki' }));
};
