import { hash } from 'node:crypto';
import { createLocalJWKSet, createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JSONWebKeySet, JWTVerifyGetKey, JWTVerifyResult } from 'jose';
import { LRUCache } from 'lru-cache';
import { AccessDenied, invalidToken, IssuerUnavailable } from './access-denied.js';
import { allowedAlgorithms, assertCompactToken, maxTokenLength } from './compact-token.js';
import type { Principal } from './principal.js';
import { principalOf } from './token-claims.js';

/** How far the clocks of issuer and service may differ. */
export const clockSkewSeconds = 5;
const maxCachedTokens = 10_000;
/** How long a withdrawn key may go on to be trusted for tokens that it has signed. */
const defaultCacheSeconds = 60;
const keyFetch = { timeoutDuration: 5_000, cooldownDuration: 30_000, cacheMaxAge: 600_000 };

export interface TokenVerifierOptions {
  issuer: string;
  audience: string;
  /** Where the issuer publishes its keys, or the keys themselves. */
  keys: URL | JSONWebKeySet;
  /** How long a verified token is taken at its word, at most until it expires. Default 60. */
  cacheSeconds?: number;
  now?: () => Date;
}

interface Verified {
  principal: Principal;
  untilMs: number;
}

/** Verifies access tokens (RFC 7519, RFC 8725, RFC 9068) and remembers those it has verified. */
export class TokenVerifier {
  readonly #issuer: string;
  readonly #audience: string;
  readonly #getKey: JWTVerifyGetKey;
  readonly #cacheSeconds: number;
  readonly #now: () => Date;
  readonly #verified = new LRUCache<string, Verified>({ max: maxCachedTokens });

  constructor({
    issuer,
    audience,
    keys,
    cacheSeconds = defaultCacheSeconds,
    now = () => new Date(),
  }: TokenVerifierOptions) {
    this.#issuer = issuer;
    this.#audience = audience;
    this.#getKey = keyFinder(keys instanceof URL ? createRemoteJWKSet(keys, keyFetch) : createLocalJWKSet(keys));
    this.#cacheSeconds = cacheSeconds;
    this.#now = now;
  }

  /**
   * The principal of a compact token. Throws AccessDenied (401) with the reason, or IssuerUnavailable when the issuer's keys
   * cannot be had.
   */
  async verify(token: string): Promise<Principal> {
    if (token.length > maxTokenLength) throw invalidToken('token_malformed', 'the token is too long');
    const now = this.#now();
    // The digest is the key so that the cache holds no token that could be used.
    const digest = hash('sha256', token, 'base64');
    const verified = this.#verified.get(digest);
    if (verified && now.getTime() < verified.untilMs) return verified.principal;

    const { principal, expiresMs } = await this.#judge(token, now);
    const untilMs = Math.min(expiresMs, now.getTime() + this.#cacheSeconds * 1_000);
    this.#verified.set(digest, { principal, untilMs });
    return principal;
  }

  /** The same for a token that came at another time than now and is judged as of then; nothing is remembered. */
  async verifyAsOf(token: string, at: Date): Promise<Principal> {
    return (await this.#judge(token, at)).principal;
  }

  async #judge(token: string, at: Date): Promise<{ principal: Principal; expiresMs: number }> {
    const { payload } = await this.#verifySignature(token, at);
    const principal = principalOf(payload);
    // jose judges iat only against a maximum age; one from the future is a clock or an issuer gone wrong.
    if ((payload.iat ?? 0) > at.getTime() / 1_000 + clockSkewSeconds) throw notYetValid();
    return { principal, expiresMs: (payload.exp ?? 0) * 1_000 };
  }

  async #verifySignature(token: string, now: Date): Promise<JWTVerifyResult> {
    assertCompactToken(token);
    try {
      return await jwtVerify(token, this.#getKey, {
        algorithms: [...allowedAlgorithms],
        issuer: this.#issuer,
        audience: this.#audience,
        requiredClaims: ['sub', 'exp', 'iat'],
        clockTolerance: clockSkewSeconds,
        currentDate: now,
      });
    } catch (error) {
      throw denialOf(error);
    }
  }
}

/** Tells "no such key" (the token's fault) from "no keys to be had" (nobody's fault that the caller could mend). */
const keyFinder =
  (find: JWTVerifyGetKey): JWTVerifyGetKey =>
  async (header, token) => {
    try {
      return await find(header, token);
    } catch (cause) {
      if (cause instanceof errors.JWKSNoMatchingKey || cause instanceof errors.JWKSMultipleMatchingKeys) {
        throw invalidToken('token_key_unknown', 'the issuer has no such key', { cause });
      }
      throw new IssuerUnavailable({ cause });
    }
  };

const denialOf = (error: unknown): Error => {
  if (error instanceof AccessDenied || error instanceof IssuerUnavailable) return error;
  if (error instanceof errors.JWTExpired) return invalidToken('token_expired', 'the token has expired');
  if (error instanceof errors.JWTClaimValidationFailed) return claimDenial(error.claim);
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return invalidToken('token_invalid_signature', 'the signature of the token does not verify');
  }
  return invalidToken('token_malformed', 'the token cannot be read', { cause: error });
};

const claimDenial = (claim: string): AccessDenied => {
  if (claim === 'iss') return invalidToken('token_wrong_issuer', 'the token is from another issuer');
  if (claim === 'aud') return invalidToken('token_wrong_audience', 'the token is for another audience');
  if (claim === 'nbf') return notYetValid();
  return invalidToken('token_invalid_claims', 'a required claim is missing or has a wrong form');
};

const notYetValid = () => invalidToken('token_not_yet_valid', 'the token is not valid yet');
