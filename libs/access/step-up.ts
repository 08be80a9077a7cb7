import { AccessDenied } from './access-denied.js';
import type { Principal } from './principal.js';
import { clockSkewSeconds } from './token-validity.js';

/** How long a second factor counts unless an action asks for less. */
export const defaultStepUpSeconds = 300;

/** Context classes that mean multi-factor, in the order we ask for them: OpenID PAPE, OpenID EAP, REFEDS. */
export const multiFactorClasses = [
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
  'phr',
  'phrh',
  'https://refeds.org/profile/mfa',
] as const;

/** The methods of RFC 8176 by what they prove: something known, something held, something that one is. */
const factors: Record<string, 'knowledge' | 'possession' | 'inherence'> = {
  pwd: 'knowledge',
  pin: 'knowledge',
  kba: 'knowledge',
  otp: 'possession',
  hwk: 'possession',
  swk: 'possession',
  sms: 'possession',
  tel: 'possession',
  sc: 'possession',
  face: 'inherence',
  fpt: 'inherence',
  iris: 'inherence',
  retina: 'inherence',
  vbm: 'inherence',
};

/**
 * Throws the challenge of RFC 9470 (AccessDenied, 401) unless the person has shown more than one factor within the last
 * `maxAgeSeconds`. A missing `auth_time`, and one from the future beyond the clocks' skew, counts as none.
 */
export const requireStepUp = (principal: Principal, maxAgeSeconds = defaultStepUpSeconds, now = new Date()): void => {
  const { authTime } = principal;
  const ageSeconds = authTime === undefined ? undefined : now.getTime() / 1_000 - authTime;
  const fresh = ageSeconds !== undefined && ageSeconds <= maxAgeSeconds && ageSeconds >= -clockSkewSeconds;
  if (!fresh || !isMultiFactor(principal)) throw stepUpChallenge(maxAgeSeconds);
};

const isMultiFactor = ({ acr, amr }: Principal): boolean =>
  multiFactorClasses.some((known) => known === acr) ||
  amr.includes('mfa') ||
  new Set(amr.filter((method) => Object.hasOwn(factors, method)).map((method) => factors[method])).size > 1;

const stepUpChallenge = (maxAgeSeconds: number): AccessDenied => {
  const message = `sign in with a second factor; it counts for ${maxAgeSeconds} seconds`;
  const challenge = [
    `error="insufficient_user_authentication"`,
    `error_description="${message}"`,
    `acr_values="${multiFactorClasses.join(' ')}"`,
    `max_age="${maxAgeSeconds}"`,
  ];
  return new AccessDenied(401, 'insufficient_user_authentication', message, `Bearer ${challenge.join(', ')}`);
};
