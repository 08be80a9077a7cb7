import { randomUUID } from 'node:crypto';
import { readOrCreateSecretFile } from '#keys/secret-file';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import type { JSONWebKeySet, JWK, JWTPayload } from 'jose';
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
  /** Narrows what the person may do. */
  scope?: string;
  /** The SPIFFE id of the service that may act for the person: only it can bring the token then (RFC 8693). */
  actingParty?: string;
  /** The only certificate that the token may come with (`x5t#S256`, RFC 8705). */
  thumbprint?: string;
}

/** Which service a development token is for. */
export interface DevelopmentServiceToken {
  /** Its SPIFFE id. */
  service: string;
  /** Of its certificate (`x5t#S256`). */
  thumbprint: string;
  /** Without it, the service names one of its tenants in `Billing-Tenant`. */
  tenantId?: string;
  scope?: string;
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

  /** A person's signed access token (RFC 9068), valid from now on for an hour unless said otherwise. */
  issue(token: DevelopmentToken): Promise<string> {
    if (token.role === 'tenant_admin' && token.tenantId === undefined)
      return Promise.reject(new Error('a tenant_admin needs a tenant'));
    const claims = {
      roles: [token.role],
      acr: token.mfa ? multiFactorClasses[0] : passwordClass,
      amr: token.mfa ? ['pwd', 'otp', 'mfa'] : ['pwd'],
      auth_time: nowSeconds(),
      ...(token.actingParty !== undefined && { act: { sub: token.actingParty } }),
    };
    return this.#sign(token.subject ?? `dev-${token.role}`, token, claims);
  }

  /** A service's signed access token, bound to its certificate; valid as a person's. */
  issueForService(token: DevelopmentServiceToken): Promise<string> {
    return this.#sign(token.service, token, {});
  }

  async #sign(
    subject: string,
    { tenantId, scope, thumbprint, expiresInSeconds = defaultExpirySeconds }: CommonClaims,
    claims: JWTPayload,
  ): Promise<string> {
    const now = nowSeconds();
    return new SignJWT({
      ...claims,
      ...(tenantId !== undefined && { tenant_id: tenantId }),
      ...(scope !== undefined && { scope }),
      ...(thumbprint !== undefined && { cnf: { 'x5t#S256': thumbprint } }),
    })
      .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: this.#key.kid })
      .setIssuer(this.#options.issuer)
      .setAudience(this.#options.audience)
      .setSubject(subject)
      .setJti(randomUUID())
      .setIssuedAt(now)
      .setNotBefore(now)
      .setExpirationTime(now + expiresInSeconds)
      .sign(await importJWK(this.#key, algorithm));
  }
}

type CommonClaims = Pick<DevelopmentToken, 'tenantId' | 'scope' | 'thumbprint' | 'expiresInSeconds'>;

const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

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
