import type { JWTPayload } from 'jose';
import { invalidToken } from './access-denied.js';
import type { Principal } from './principal.js';
import { isRole, scopesOf } from './roles.js';
import { isTenantId } from './tenancy/index.js';

const maxTextLength = 256;
const maxScopeLength = 2_048;
const maxListLength = 64;

/**
 * The principal that the claims of a verified token tell of. Every claim is judged by its shape; roles that we do not know are
 * another system's and give nothing. Throws AccessDenied naming the claim that is missing or wrong.
 */
export const principalOf = (claims: JWTPayload): Principal => {
  numericDate(claims, 'exp');
  numericDate(claims, 'iat');
  // A token bound to a key or certificate (RFC 8705, RFC 9449) must not pass as a plain bearer token.
  if (claims.cnf !== undefined || claims.sub?.startsWith('spiffe:')) {
    throw invalidToken('token_certificate_required', 'this token needs its client certificate');
  }
  const roles = texts(claims, 'roles').filter(isRole);
  const scope = text(claims, 'scope', maxScopeLength);
  const tenantId = text(claims, 'tenant_id');
  if (tenantId !== undefined && !isTenantId(tenantId)) throw wrong('tenant_id');
  if (tenantId === undefined && roles.includes('tenant_admin')) throw wrong('tenant_id');
  return Object.freeze({
    subject: text(claims, 'sub') ?? missing('sub'),
    kind: 'person',
    tenantId: tenantId?.toLowerCase(),
    roles,
    scopes: scopesOf(roles, scope),
    acr: text(claims, 'acr'),
    amr: texts(claims, 'amr'),
    authTime: claims.auth_time === undefined ? undefined : numericDate(claims, 'auth_time'),
    actingParty: actingParty(claims),
    tokenId: text(claims, 'jti'),
  });
};

/** A NumericDate of RFC 7519. JSON can write numbers beyond every date (1e999), which would never expire. */
const numericDate = (claims: JWTPayload, name: string): number => {
  const value = claims[name];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw wrong(name);
  return value;
};

const text = (claims: JWTPayload, name: string, maxLength = maxTextLength): string | undefined => {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length === 0 || value.length > maxLength) throw wrong(name);
  return value;
};

/** The `sub` of the `act` claim (RFC 8693 section 4.1). An `act` that names nobody is no use to anybody. */
const actingParty = ({ act }: JWTPayload): string | undefined => {
  if (act === undefined) return undefined;
  if (typeof act !== 'object' || act === null || Array.isArray(act)) throw wrong('act');
  return text(act as JWTPayload, 'sub') ?? missing('act');
};

const texts = (claims: JWTPayload, name: string): string[] => {
  const value = claims[name];
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > maxListLength) throw wrong(name);
  return value.map((item: unknown) => {
    if (typeof item !== 'string' || item.length > maxTextLength) throw wrong(name);
    return item;
  });
};

const wrong = (claim: string) =>
  invalidToken('token_invalid_claims', `the claim ${claim} is missing or has a wrong form`);
const missing = (claim: string): never => {
  throw wrong(claim);
};
