import { createPublicKey } from 'node:crypto';
import {
  ConflictException,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  ListKeyRotationsCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  SignCommand,
} from '@aws-sdk/client-kms';
import type { KMSClient, SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import { ConfigurationError } from '#platform/configuration';
import { KeyManagementUnavailable, UnwrapRefused } from '../errors.js';
import { proofPurpose } from '../key-management.js';
import type {
  EncryptionContext,
  GeneratedDataKey,
  KeyManagement,
  SignatureAlgorithm,
  SigningKey,
} from '../key-management.js';
import type { KmsLine } from './kms-line.js';

export interface AwsKeyManagementOptions {
  client: Pick<KMSClient, 'send'>;
  line: KmsLine;
  /** The symmetric key that wraps. */
  keyId: string;
  /** The HMAC_256 key, for every name. */
  macKeyId: string | undefined;
  /** Keys of ECC_NIST_EDWARDS25519 or ECC_NIST_P256 by our names for them. */
  signingKeyIds: ReadonlyMap<string, string>;
}

const maxPlaintextBytes = 4_096;
const maxWrappedBytes = 6_144;
/** A key has 25 rotations by hand and one a year: this is a bound and no limit. */
const maxRotationPages = 10;

/** How each kind of key signs. Both take the message as it is (`RAW`). */
const specOf: Readonly<Record<SignatureAlgorithm, SigningAlgorithmSpec>> = {
  ed25519: 'ED25519_SHA_512',
  'ecdsa-p256': 'ECDSA_SHA_256',
};

/**
 * Key management by AWS KMS. Whatever wraps or unwraps names the key and the context, so that a policy can ask for both and CloudTrail
 * shows both. Calls that could have happened twice harm nobody: a data key that nobody got wraps nothing.
 */
export class AwsKeyManagement implements KeyManagement {
  readonly #options: AwsKeyManagementOptions;
  /** A signing key of KMS never changes: another one is another key. */
  readonly #signingKeys = new Map<string, SigningKey>();

  constructor(options: AwsKeyManagementOptions) {
    this.#options = options;
  }

  async generateDataKey(context: EncryptionContext): Promise<GeneratedDataKey> {
    const { client, line, keyId } = this.#options;
    const command = new GenerateDataKeyCommand({
      KeyId: keyId,
      KeySpec: 'AES_256',
      EncryptionContext: { ...context },
    });
    const answer = await line.call('GenerateDataKey', (abortSignal) => client.send(command, { abortSignal }));
    return { plaintext: bytesOf(answer.Plaintext), wrapped: bytesOf(answer.CiphertextBlob) };
  }

  async generateDataKeyWithoutPlaintext(context: EncryptionContext): Promise<Buffer> {
    const { client, line, keyId } = this.#options;
    const command = new GenerateDataKeyWithoutPlaintextCommand({
      KeyId: keyId,
      KeySpec: 'AES_256',
      EncryptionContext: { ...context },
    });
    const answer = await line.call('GenerateDataKeyWithoutPlaintext', (abortSignal) =>
      client.send(command, { abortSignal }),
    );
    return bytesOf(answer.CiphertextBlob);
  }

  async encrypt(plaintext: Buffer, context: EncryptionContext): Promise<Buffer> {
    assertSize(plaintext);
    const { client, line, keyId } = this.#options;
    const command = new EncryptCommand({ KeyId: keyId, Plaintext: plaintext, EncryptionContext: { ...context } });
    const answer = await line.call('Encrypt', (abortSignal) => client.send(command, { abortSignal }));
    return bytesOf(answer.CiphertextBlob);
  }

  async decrypt(wrapped: Buffer, context: EncryptionContext): Promise<Buffer> {
    assertWrapped(wrapped);
    const { client, line, keyId } = this.#options;
    // Without the key's name KMS would open what any key of the account has wrapped.
    const command = new DecryptCommand({
      KeyId: keyId,
      CiphertextBlob: wrapped,
      EncryptionContext: { ...context },
    });
    const answer = await line.call('Decrypt', (abortSignal) => client.send(command, { abortSignal }));
    return bytesOf(answer.Plaintext);
  }

  async reEncrypt(wrapped: Buffer, context: EncryptionContext): Promise<Buffer> {
    return bytesOf(await this.#wrapAnew(wrapped, context, context));
  }

  /** By wrapping it anew for a purpose that no policy lets anybody open. */
  async proveOpens(wrapped: Buffer, context: EncryptionContext): Promise<void> {
    await this.#wrapAnew(wrapped, context, { ...context, purpose: proofPurpose });
  }

  /** One key serves every name: the name stands before the data, and no name holds the zero between them. */
  async mac(keyName: string, data: Buffer): Promise<Buffer> {
    const { client, line, macKeyId } = this.#options;
    if (macKeyId === undefined) throw new ConfigurationError('KMS_MAC_KEY_ID must name the HMAC_256 key of the KMS');
    const message = Buffer.concat([Buffer.from(`billing/mac/${keyName}\0`), data]);
    assertSize(message);
    const command = new GenerateMacCommand({ KeyId: macKeyId, MacAlgorithm: 'HMAC_SHA_256', Message: message });
    const answer = await line.call('GenerateMac', (abortSignal) => client.send(command, { abortSignal }));
    return bytesOf(answer.Mac);
  }

  async sign(keyName: string, message: Buffer): Promise<Buffer> {
    assertSize(message);
    const { client, line } = this.#options;
    const { algorithm } = await this.signingKey(keyName);
    const command = new SignCommand({
      KeyId: this.#signingKeyId(keyName),
      Message: message,
      MessageType: 'RAW',
      SigningAlgorithm: specOf[algorithm],
    });
    const answer = await line.call('Sign', (abortSignal) => client.send(command, { abortSignal }));
    return bytesOf(answer.Signature);
  }

  async signingKey(keyName: string): Promise<SigningKey> {
    const held = this.#signingKeys.get(keyName);
    if (held) return held;
    const { client, line } = this.#options;
    const command = new GetPublicKeyCommand({ KeyId: this.#signingKeyId(keyName) });
    const answer = await line.call('GetPublicKey', (abortSignal) => client.send(command, { abortSignal }));
    const publicKey = bytesOf(answer.PublicKey);
    const algorithm = algorithmOf(publicKey);
    if (!algorithm)
      throw new ConfigurationError(
        `KMS_SIGNING_KEY_ID: the key of '${keyName}' must be of ECC_NIST_EDWARDS25519 or ECC_NIST_P256`,
      );
    const key: SigningKey = { algorithm, publicKey };
    this.#signingKeys.set(keyName, key);
    return key;
  }

  /** Where KMS is about to rotate the key of its own accord it says so instead, and that is as good. */
  async rotateMasterKey(): Promise<void> {
    const { client, line, keyId } = this.#options;
    const command = new RotateKeyOnDemandCommand({ KeyId: keyId });
    // Twice would be one of the 25 times that a key has: what is not answered is for the operator to look at.
    await line.call('RotateKeyOnDemand', (abortSignal) => client.send(command, { abortSignal }).catch(isUnderWay), {
      once: true,
    });
  }

  async masterKeyRotations(): Promise<number> {
    const { client, line, keyId } = this.#options;
    let [made, Marker]: [number, string | undefined] = [0, undefined];
    for (let page = 1; page <= maxRotationPages; page += 1) {
      const command: ListKeyRotationsCommand = new ListKeyRotationsCommand({ KeyId: keyId, Limit: 1_000, Marker });
      const answer = await line.call('ListKeyRotations', (abortSignal) => client.send(command, { abortSignal }));
      made += answer.Rotations?.length ?? 0;
      Marker = answer.NextMarker;
      if (answer.Truncated !== true || Marker === undefined) break;
    }
    return made;
  }

  /** What is wrapped for one context, wrapped for another one by the newest version of the key. It is open within the KMS alone. */
  async #wrapAnew(wrapped: Buffer, from: EncryptionContext, to: EncryptionContext): Promise<Uint8Array | undefined> {
    assertWrapped(wrapped);
    const { client, line, keyId } = this.#options;
    const command = new ReEncryptCommand({
      CiphertextBlob: wrapped,
      SourceKeyId: keyId,
      SourceEncryptionContext: { ...from },
      DestinationKeyId: keyId,
      DestinationEncryptionContext: { ...to },
    });
    const answer = await line.call('ReEncrypt', (abortSignal) => client.send(command, { abortSignal }));
    return answer.CiphertextBlob;
  }

  #signingKeyId(keyName: string): string {
    const keyId = this.#options.signingKeyIds.get(keyName);
    if (keyId === undefined) throw new ConfigurationError(`KMS_SIGNING_KEY_ID names no key for '${keyName}'`);
    return keyId;
  }
}

/** By the key itself, which says it more plainly than the words around it. */
const algorithmOf = (publicKey: Buffer): SignatureAlgorithm | undefined => {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
  if (asymmetricKeyType === 'ed25519') return 'ed25519';
  return asymmetricKeyDetails?.namedCurve === 'prime256v1' ? 'ecdsa-p256' : undefined;
};

const isUnderWay = (error: unknown): undefined => {
  if (error instanceof ConflictException) return undefined;
  throw error;
};

const assertSize = (bytes: Buffer): void => {
  if (bytes.length > maxPlaintextBytes) throw new RangeError(`the KMS takes ${maxPlaintextBytes} bytes at most`);
};

/** KMS would call it a malformed request, and that would look like trouble of ours. */
const assertWrapped = ({ length }: Buffer): void => {
  if (length === 0 || length > maxWrappedBytes) throw new UnwrapRefused();
};

/** Every answer has what was asked for; one without is no answer of a KMS. The SDK's own bytes are used, not copied: callers zero them. */
const bytesOf = (bytes: Uint8Array | undefined): Buffer => {
  if (!bytes) throw new KeyManagementUnavailable('unreachable');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
};
