import { randomUUID } from 'node:crypto';
import { readOrCreateSecretFile } from '#keys/secret-file';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import type { JSONWebKeySet, JWK } from 'jose';
import type { Role } from './roles.js';
import { multiFactorClasses } from './step-up.js';

const algorithm = 'ES256';
const passwordClass = 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password';
const defaultExpirySeconds = 3_600;

export interface DevelopmentIssuerOptions {
  environment: 'development' | 'test' | 'production';
  /** The file that keeps the private key; created (0600) where there is none. */
  keyPath: string;
  issuer: string;
  audience: string;
}

/** Whom a development token is for. */
export interface DevelopmentToken {
  role: Role;
  /** Needed for a tenant_admin; without it a platform_admin names the tenant in `Billing-Tenant`. */
  tenantId?: string;
  /** Whether the person has just shown a second factor. */
  mfa?: boolean;
  subject?: string;
  expiresInSeconds?: number;
}

/** An issuer of access tokens for development and tests, so that a trial needs no identity provider. Never in production. */
export class DevelopmentIssuer {
  readonly #options: DevelopmentIssuerOptions;
  readonly #key: JWK;

  private constructor(options: DevelopmentIssuerOptions, key: JWK) {
    this.#options = options;
    this.#key = key;
  }

  /** Opens the issuer with the key at `keyPath`, which processes that start at once share. Throws in production. */
  static async open(options: DevelopmentIssuerOptions): Promise<DevelopmentIssuer> {
    if (options.environment === 'production') {
      throw new Error('production needs a real issuer: set AUTH_ISSUER, AUTH_AUDIENCE and AUTH_JWKS_URL');
    }
    const text = await readOrCreateSecretFile(options.keyPath, newKey);
    return new DevelopmentIssuer(options, parseKey(text, options.keyPath));
  }

  /** The public key, for a JWKS endpoint (RFC 7517). */
  jwks(): JSONWebKeySet {
    const { kty, crv, x, y, kid } = this.#key;
    return { keys: [{ kty, crv, x, y, kid, alg: algorithm, use: 'sig' }] };
  }

  /** A signed access token (RFC 9068), valid from now on for an hour unless said otherwise. */
  async issue(token: DevelopmentToken): Promise<string> {
    if (token.role === 'tenant_admin' && token.tenantId === undefined) throw new Error('a tenant_admin needs a tenant');
    const now = Math.floor(Date.now() / 1_000);
    return new SignJWT({
      roles: [token.role],
      ...(token.tenantId === undefined ? {} : { tenant_id: token.tenantId }),
      acr: token.mfa ? multiFactorClasses[0] : passwordClass,
      amr: token.mfa ? ['pwd', 'otp', 'mfa'] : ['pwd'],
      auth_time: now,
    })
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: this.#key.kid })
      .setIssuer(this.#options.issuer)
      .setAudience(this.#options.audience)
      .setSubject(token.subject ?? `dev-${token.role}`)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + (token.expiresInSeconds ?? defaultExpirySeconds))
      .sign(await importJWK(this.#key, algorithm));
  }
}

const newKey = async (): Promise<string> => {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return `${JSON.stringify({ ...jwk, kid: await calculateJwkThumbprint(jwk) }, null, 2)}\n`;
};

const parseKey = (text: string, path: string): JWK => {
  try {
    const key = JSON.parse(text) as Partial<JWK> | null;
    if (key?.kty === 'EC' && key.crv === 'P-256' && key.d && key.x && key.y && key.kid) return { ...key, kty: key.kty };
  } catch {
    // The parser's message would quote the file, and with it the key.
  }
  throw new Error(`${path} is not a key of the development issuer; delete it and every token, and start again`);
};
