import type { NoteSigner } from '#audit';
import { verifierKeyOf } from '#audit-log/keys';
import type { KeyManagement } from '#keys';

/** What of a key management signs. */
export type Signing = Pick<KeyManagement, 'sign' | 'signingKey'>;

/**
 * Signs notes as `noteName` with a key that never leaves the key management. It takes 4,096 bytes at most: the text of a checkpoint has some
 * hundred. Rejects as the key management does.
 */
export const kmsSigner = async (kms: Signing, keyName: string, noteName: string): Promise<NoteSigner> => {
  const key = await verifierKeyOf(kms, keyName, noteName);
  return {
    key,
    sign: (message) => kms.sign(keyName, Buffer.from(message.buffer, message.byteOffset, message.byteLength)),
  };
};
