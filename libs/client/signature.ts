import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';

import type { JWK } from 'jose';
import { SignJWT, calculateJwkThumbprint } from 'jose';

import type { PreparedCommand } from './commands.js';
import { BillingError } from './errors.js';

/** Who sends commands, as `billing producers add` registered it. */
export interface ProducerOptions {
  name: string;
  /** P-256 (ES256) or Ed25519 (EdDSA): PEM (PKCS #8), a JWK as JSON, or a key of node:crypto. It never leaves this process. */
  privateKey: string | KeyObject;
  /** Id of the registered public key; its thumbprint (RFC 7638) unless told. */
  keyId?: string;
}

/** How long a signature holds: a day is the most that the service takes. */
const lifetimeSeconds = 3_600;

/** Signs commands: a JWS over everything that decides what they do. */
export class CommandSigner {
  readonly producer: string;
  readonly #key: KeyObject;
  readonly #algorithm: 'ES256' | 'EdDSA';
  #keyId: string | undefined;

  /** Throws BillingError `invalid_key` for a key of another kind. */
  constructor({ name, keyId, privateKey }: ProducerOptions) {
    this.producer = name.toLowerCase();
    this.#key = typeof privateKey === 'string' ? keyFrom(privateKey) : privateKey;
    this.#algorithm = algorithmOf(this.#key);
    this.#keyId = keyId;
  }

  /** The compact JWS (RFC 7515) of a command, which holds for an hour from `now` on. */
  async sign(command: PreparedCommand, now: Date): Promise<string> {
    this.#keyId ??= await calculateJwkThumbprint(createPublicKey(this.#key).export({ format: 'jwk' }));
    const issuedAt = Math.floor(now.getTime() / 1_000);
    return new SignJWT({
      cmd: command.type,
      ver: 1,
      tenant: command.tenantId,
      bsh: digestOf(command.body),
      ...(command.subject !== undefined && { sub: command.subject }),
      ...(command.onBehalfOf !== undefined && { obh: digestOf(command.onBehalfOf) }),
    })
      .setProtectedHeader({ alg: this.#algorithm, kid: this.#keyId, typ: 'billing-command+jwt' })
      .setIssuer(this.producer)
      .setJti(command.messageId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .sign(this.#key);
  }
}

const digestOf = (value: Buffer | string): string => createHash('sha256').update(value).digest('base64url');

const keyFrom = (text: string): KeyObject => {
  try {
    if (text.trimStart().startsWith('{')) {
      return createPrivateKey({ key: JSON.parse(text) as JWK, format: 'jwk' });
    }
    return createPrivateKey(text);
  } catch {
    throw new BillingError('invalid_key', "the producer's private key is neither PEM (PKCS #8) nor a JWK");
  }
};

const algorithmOf = ({ type, asymmetricKeyType, asymmetricKeyDetails }: KeyObject): 'ES256' | 'EdDSA' => {
  if (type === 'private' && asymmetricKeyType === 'ed25519') return 'EdDSA';
  if (type === 'private' && asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1')
    return 'ES256';
  throw new BillingError('invalid_key', "the producer's private key must be a private key of P-256 or Ed25519");
};
