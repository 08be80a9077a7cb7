import { isSpiffeId } from '#platform/spiffe';

import { invalidToken } from './access-denied.js';
import { isBase64url } from './compact-token.js';
import type { Principal } from './principal.js';
import { isRole, scopesOf } from './roles.js';
import { isTenantId, platformTenantId } from './tenancy/index.js';

const maxTextLength = 256;
const maxScopeLength = 2_048;
const maxListLength = 64;
/** Control characters, halves of surrogate pairs and what stands for no character: no log, file or database keeps them as they are. */
const unassigned = /\p{C}/u;
/** SHA-256 in base64url. */
const thumbprintLength = 43;

export type Claims = Readonly<Record<string, unknown>>;

/** What the claims of a token say, before it is known who brings it. */
export interface TokenClaims {
  /** Of a service: without scopes and tenants, which its registration gives. */
  readonly principal: Principal;
  /** The only certificate that the token may come with (`x5t#S256`, RFC 8705). */
  readonly thumbprint?: string;
  /** Narrows what the bearer may do (`scope`, RFC 6749 section 3.3). */
  readonly scope?: string;
  /** When it expires, in seconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Reads the claims of a verified access token (RFC 9068). Every claim is judged by its shape; roles that we do not know are another
 * system's and give nothing. A `sub` that is a SPIFFE id is a service. Throws AccessDenied naming the claim that is missing or wrong.
 */
export const readClaims = (claims: Claims): TokenClaims => {
  const subject = text(claims, 'sub') ?? missing('sub');
  const scope = text(claims, 'scope', maxScopeLength);
  const common = { thumbprint: thumbprint(claims), scope, expiresAt: numericDate(claims, 'exp') };
  return /^spiffe:/i.test(subject)
    ? { ...common, principal: serviceOf(subject, claims) }
    : { ...common, principal: personOf(subject, claims, scope) };
};

const personOf = (subject: string, claims: Claims, scope: string | undefined): Principal => {
  const roles = texts(claims, 'roles').filter(isRole);
  const tenantId = tenantOf(claims);
  if (tenantId === undefined && roles.includes('tenant_admin')) throw wrong('tenant_id');
  return Object.freeze({
    subject,
    kind: 'person',
    tenantId,
    roles,
    scopes: scopesOf(roles, scope),
    acr: text(claims, 'acr'),
    amr: texts(claims, 'amr'),
    authTime: claims.auth_time === undefined ? undefined : numericDate(claims, 'auth_time'),
    actingParty: actingParty(claims),
    tokenId: text(claims, 'jti'),
  });
};

/** A service has no roles and no second factor, whatever its token says, and nobody acts for it. */
const serviceOf = (subject: string, claims: Claims): Principal => {
  if (!isSpiffeId(subject)) throw wrong('sub');
  if (claims.act !== undefined) throw wrong('act');
  return Object.freeze({
    subject,
    kind: 'service',
    tenantId: tenantOf(claims),
    roles: [],
    scopes: new Set<never>(),
    amr: [],
    tokenId: text(claims, 'jti'),
  });
};

/** The tenant that a token is bound to, in lower case. Nobody acts for the platform's own: it is closed to business. */
const tenantOf = (claims: Claims): string | undefined => {
  const tenantId = text(claims, 'tenant_id')?.toLowerCase();
  if (tenantId !== undefined && (!isTenantId(tenantId) || tenantId === platformTenantId)) throw wrong('tenant_id');
  return tenantId;
};

/**
 * The certificate that a token is bound to. A token that is bound to anything else (a DPoP key, RFC 9449) must not pass for one that
 * is bound to nothing.
 */
const thumbprint = ({ cnf }: Claims): string | undefined => {
  if (cnf === undefined) return undefined;
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) throw wrong('cnf');
  const { 'x5t#S256': digest, ...others } = cnf as Claims;
  if (digest === undefined || Object.keys(others).length > 0)
    throw invalidToken(
      'token_certificate_required',
      'a token may be bound to a client certificate and to nothing else',
    );
  if (typeof digest !== 'string' || digest.length !== thumbprintLength || !isBase64url(digest)) throw wrong('cnf');
  return digest;
};

/** The `sub` of the `act` claim (RFC 8693 section 4.1). An `act` that names nobody is no use to anybody. */
const actingParty = ({ act }: Claims): string | undefined => {
  if (act === undefined) return undefined;
  if (typeof act !== 'object' || act === null || Array.isArray(act)) throw wrong('act');
  return text(act as Claims, 'sub') ?? missing('act');
};

/** A NumericDate of RFC 7519. JSON can write numbers beyond every date (1e999), which would never expire. */
export const numericDate = (claims: Claims, name: string): number => {
  const value = claims[name];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw wrong(name);
  return value;
};

const text = (claims: Claims, name: string, maxLength = maxTextLength): string | undefined => {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (!isText(value, maxLength) || value.length === 0) throw wrong(name);
  return value;
};

const texts = (claims: Claims, name: string): string[] => {
  const value = claims[name];
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > maxListLength) throw wrong(name);
  return value.map((item: unknown) => {
    if (!isText(item)) throw wrong(name);
    return item;
  });
};

const isText = (value: unknown, maxLength = maxTextLength): value is string =>
  typeof value === 'string' && value.length <= maxLength && !unassigned.test(value);

const wrong = (claim: string) =>
  invalidToken('token_invalid_claims', `the claim ${claim} is missing or has a wrong form`);
const missing = (claim: string): never => {
  throw wrong(claim);
};
