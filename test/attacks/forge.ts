import { developmentIssuer } from '#platform/configuration';
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CompactSign } from 'jose';
import type { JWK } from 'jose';

export const audience = 'billing-service';

export type Json = Record<string, unknown>;

/** Makes tokens: good ones with the issuer's own key, and what an attacker makes without it. */
export class Forge {
  /** An attacker's key pair. */
  readonly theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #private: KeyObject;
  readonly publicKey: KeyObject;
  readonly kid: string;

  private constructor(key: JWK) {
    this.#private = createPrivateKey({ key: { ...key }, format: 'jwk' });
    this.publicKey = createPublicKey(this.#private);
    this.kid = key.kid as string;
  }

  /** With the key of the development issuer in `dataDirectory`. */
  static async open(dataDirectory: string): Promise<Forge> {
    const text = await readFile(join(dataDirectory, 'development-issuer.json'), 'utf8');
    return new Forge(JSON.parse(text) as JWK);
  }

  get header(): Json {
    return { alg: 'ES256', typ: 'at+jwt', kid: this.kid };
  }

  /** A token by the issuer; `claims` go over those of a person who has shown a second factor just before `at`. */
  sign(claims: Json, { header = {}, key = this.#private, at = new Date() } = {}): Promise<string> {
    const payload = Buffer.from(JSON.stringify(claimsOver(claims, at)));
    return new CompactSign(payload).setProtectedHeader({ ...this.header, ...header } as { alg: string }).sign(key);
  }

  /** A token whose signature is `mac`, or none, under any header. */
  unsigned(claims: Json, header: Json, signature: string | ((signed: string) => string), at = new Date()): string {
    const signed = `${encode({ ...this.header, ...header })}.${encode(claimsOver(claims, at))}`;
    return `${signed}.${typeof signature === 'string' ? signature : signature(signed)}`;
  }
}

/** What a person's token says; undefined leaves a claim out. */
const claimsOver = (claims: Json, at: Date): Json => {
  const now = Math.floor(at.getTime() / 1_000);
  return {
    ...{ iss: developmentIssuer, aud: audience, sub: 'attacker', jti: randomUUID() },
    ...{ iat: now, nbf: now, exp: now + 3_600, auth_time: now, acr: 'phr', amr: ['pwd', 'otp', 'mfa'] },
    ...claims,
  };
};

export const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export const hmac = (secret: string | Buffer) => (signed: string) =>
  createHmac('sha256', secret).update(signed).digest('base64url');
