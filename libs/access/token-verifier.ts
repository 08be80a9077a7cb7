import { hash } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import { LRUCache } from 'lru-cache';

import { AccessDenied, invalidToken } from './access-denied.js';
import type { KeySource } from './compact-signature.js';
import { verifyCompact } from './compact-signature.js';
import { maxTokenLength, parseJsonObject, readCompactHeader } from './compact-token.js';
import type { IssuerKeys } from './jwks/index.js';
import { fixedKeys } from './jwks/index.js';
import type { Peer } from './peer.js';
import type { Principal } from './principal.js';
import type { ServiceRegistrations } from './token-bearer.js';
import { principalBehind } from './token-bearer.js';
import type { TokenClaims } from './token-claims.js';
import { readClaims } from './token-claims.js';
import { assertAccessTokenClaims, assertAccessTokenHeader } from './token-type.js';
import { assertValid } from './token-validity.js';

const maxCachedTokens = 10_000;
/** How long a withdrawn key may go on to be trusted for tokens that it has signed. */
const defaultCacheSeconds = 60;

export interface TokenVerifierOptions {
  issuer: string;
  audience: string;
  /** The issuer's keys: where they are kept, or the keys themselves. */
  keys: IssuerKeys | JSONWebKeySet;
  /** Which services there are. Default: none, so that no service gets in and none acts for anybody. */
  services?: ServiceRegistrations;
  /** How long a verified token is taken at its word, at most until it expires. Default 60. */
  cacheSeconds?: number;
  now?: () => Date;
}

interface Verified {
  claims: TokenClaims;
  untilMs: number;
}

/**
 * Verifies access tokens (RFC 7519, RFC 8725, RFC 9068) and remembers what those say that it has verified. Who brings one is judged
 * anew each time: a token that was good with its certificate is none without it.
 */
export class TokenVerifier {
  readonly #issuer: string;
  readonly #audience: string;
  readonly #keyOf: KeySource;
  readonly #services: ServiceRegistrations;
  readonly #cacheSeconds: number;
  readonly #now: () => Date;
  readonly #verified = new LRUCache<string, Verified>({ max: maxCachedTokens });

  constructor({
    issuer,
    audience,
    keys,
    services = nobody,
    cacheSeconds = defaultCacheSeconds,
    now = () => new Date(),
  }: TokenVerifierOptions) {
    this.#issuer = issuer;
    this.#audience = audience;
    this.#keyOf = 'keyOf' in keys ? (header) => keys.keyOf(header) : fixedKeys(keys);
    this.#services = services;
    this.#cacheSeconds = cacheSeconds;
    this.#now = now;
  }

  /**
   * The principal of a compact token that came over a connection with `peer` at its other end. Throws AccessDenied with the reason,
   * IssuerUnavailable when the issuer's keys cannot be had, and what Postgres raises where registrations cannot be read.
   */
  async verify(token: string, peer?: Peer): Promise<Principal> {
    return principalBehind(await this.#claimsOf(token), peer, this.#services);
  }

  /**
   * The person of a token that came without a connection and at another time than now: it is judged as of then, and nothing is
   * remembered. Who forwarded it is the caller's to compare with `actingParty`. Throws as `verify` does; a token that is bound to a
   * certificate proves nothing here.
   */
  async verifyAsOf(token: string, at: Date): Promise<Principal> {
    const { principal, thumbprint } = await this.#judge(token, at);
    if (principal.kind === 'service' || thumbprint !== undefined)
      throw invalidToken('token_certificate_required', 'a token that needs its client certificate cannot be forwarded');
    return principal;
  }

  /**
   * Whether this very token was verified here before and has not expired since: no stranger's, then. It says nothing of who brings it, and
   * is no verdict; `verify` gives that.
   */
  knows(token: string): boolean {
    const verified = token.length > maxTokenLength ? undefined : this.#verified.get(digestOf(token));
    return verified !== undefined && this.#now().getTime() < verified.claims.expiresAt * 1_000;
  }

  async #claimsOf(token: string): Promise<TokenClaims> {
    if (token.length > maxTokenLength) throw invalidToken('token_malformed', 'the token is too long');
    const now = this.#now();
    const digest = digestOf(token);
    const verified = this.#verified.get(digest);
    if (verified && now.getTime() < verified.untilMs) return verified.claims;

    const claims = await this.#judge(token, now).catch((error: unknown) => {
      if (error instanceof AccessDenied) this.#verified.delete(digest); // its key was withdrawn, or it has expired
      throw error;
    });
    const untilMs = Math.min(claims.expiresAt * 1_000, now.getTime() + this.#cacheSeconds * 1_000);
    this.#verified.set(digest, { claims, untilMs });
    return claims;
  }

  async #judge(token: string, at: Date): Promise<TokenClaims> {
    const header = readCompactHeader(token);
    assertAccessTokenHeader(header);
    const claims = parseJsonObject(await verifyCompact(token, this.#keyOf), 'payload');
    assertAccessTokenClaims(header, claims);
    assertValid(claims, { issuer: this.#issuer, audience: this.#audience, at });
    return readClaims(claims);
  }
}

/** The key of the cache, so that it holds no token that could be used. */
const digestOf = (token: string): string => hash('sha256', token, 'base64');

const nobody: ServiceRegistrations = { serviceOf: () => Promise.resolve(undefined) };
