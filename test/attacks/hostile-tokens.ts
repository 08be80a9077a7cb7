import type { DenialCode } from '#access';

import type { Forge, Json } from './forge.js';
import { encode, hmac } from './forge.js';

/** A token that must let nobody in anywhere, and why it does not. */
export interface HostileToken {
  name: string;
  token: string;
  code: DenialCode;
}

/**
 * Every way that we know of to make a token that is none, of claims with which a good one would do everything in the tenant. `trap` is
 * a URL where nobody may ask for keys. `at`: when the token is judged.
 */
export const hostileTokens = async (
  forge: Forge,
  claims: Json,
  trap: string,
  at = new Date(),
): Promise<HostileToken[]> => {
  const seconds = Math.floor(at.getTime() / 1_000);
  const good = await forge.sign(claims, { at });
  const [header = '', payload = '', signature = ''] = good.split('.');
  const sign = (more: Json, given: { header?: Json } = {}) => forge.sign({ ...claims, ...more }, { ...given, at });
  const theirs = (given: Json) => forge.sign(claims, { header: given, key: forge.theirs.privateKey, at });
  const all: [name: string, code: DenialCode, token: string | Promise<string>][] = [
    ['no token', 'token_missing', ''],
    ['nonsense', 'token_malformed', 'nonsense'],
    ['expired', 'token_expired', sign({ iat: seconds - 7_200, nbf: seconds - 7_200, exp: seconds - 60 })],
    ['expired long ago', 'token_expired', sign({ iat: 1, nbf: 1, exp: 2 })],
    ['not yet valid', 'token_not_yet_valid', sign({ nbf: seconds + 600 })],
    ['issued in the future', 'token_not_yet_valid', sign({ iat: seconds + 600, nbf: undefined })],
    ['without an end', 'token_invalid_claims', sign({ exp: undefined })],
    ['wrong issuer', 'token_wrong_issuer', sign({ iss: 'https://issuer.example' })],
    ['issuer with a slash more', 'token_wrong_issuer', sign({ iss: 'http://127.0.0.1:3000/' })],
    ['wrong audience', 'token_wrong_audience', sign({ aud: 'another-service' })],
    ['without an audience', 'token_wrong_audience', sign({ aud: undefined })],
    ['without a subject', 'token_invalid_claims', sign({ sub: undefined })],
    ...unsignedOnes(forge, claims, at, { header, payload, signature }),
    ...keyedByThePublicKey(forge, claims, at),
    ['signed by another key under our kid', 'token_invalid_signature', theirs({})],
    ...['../../../dev/null', '/proc/self/environ', "x' or '1'='1", trap, '__proto__', 'unknown'].map(
      (kid): [string, DenialCode, Promise<string>] => [`kid ${kid}`, 'token_key_unknown', theirs({ kid })],
    ),
    ['keys at a jku', 'token_invalid_signature', theirs({ jku: trap })],
    ['keys at a jku, with a kid of its own', 'token_key_unknown', theirs({ jku: trap, kid: 'theirs' })],
    ['a certificate at an x5u', 'token_invalid_signature', theirs({ x5u: trap })],
    [
      'a key in the header',
      'token_invalid_signature',
      theirs({ jwk: forge.theirs.publicKey.export({ format: 'jwk' }) }),
    ],
    ['two signatures (JWS JSON)', 'token_malformed', twoSignatures(good, await theirs({}))],
    ['two signatures in a row', 'token_malformed', `${good}.${signature}`],
    ['of a type that is no access token', 'token_type_not_allowed', sign({}, { header: { typ: 'logout+jwt' } })],
    ["a command's signature", 'token_type_not_allowed', sign({}, { header: { typ: 'billing-command+jwt' } })],
    [
      "of the platform's own tenant",
      'token_invalid_claims',
      sign({ tenant_id: '00000000-0000-4000-8000-000000000000' }),
    ],
    [
      'of a service without its certificate',
      'token_certificate_required',
      sign({ sub: 'spiffe://billing.test/shop', act: undefined }),
    ],
    [
      'of a service, bound to a certificate that is not there',
      'token_certificate_required',
      sign({ sub: 'spiffe://billing.test/shop', cnf: { 'x5t#S256': 'A'.repeat(43) } }),
    ],
    [
      'of a person, bound to a certificate that is not there',
      'token_certificate_required',
      sign({ cnf: { 'x5t#S256': 'A'.repeat(43) } }),
    ],
  ];
  return Promise.all(all.map(async ([name, code, token]) => ({ name, code, token: await token })));
};

interface Parts {
  header: string;
  payload: string;
  signature: string;
}

const unsignedOnes = (
  forge: Forge,
  claims: Json,
  at: Date,
  { header, payload, signature }: Parts,
): [string, DenialCode, string][] => {
  const changed = encode({ ...(JSON.parse(Buffer.from(payload, 'base64url').toString()) as Json), sub: 'somebody' });
  return [
    ...['none', 'None', 'nOnE'].flatMap((alg): [string, DenialCode, string][] => [
      [`alg: ${alg}`, 'token_malformed', forge.unsigned(claims, { alg }, '', at)],
      [`alg: ${alg}, with a signature`, 'token_algorithm_not_allowed', forge.unsigned(claims, { alg }, signature, at)],
    ]),
    ['unsigned', 'token_malformed', `${header}.${payload}.`],
    ['unsigned, in two parts', 'token_malformed', `${header}.${payload}`],
    ['a blank signature', 'token_invalid_signature', `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`],
    ['changed claims', 'token_invalid_signature', `${header}.${changed}.${signature}`],
    ['padded', 'token_malformed', `${header}.${payload}.${signature}==`],
  ];
};

/** HS256 with what everybody may know of our key as the secret. */
const keyedByThePublicKey = (forge: Forge, claims: Json, at: Date): [string, DenialCode, string][] => {
  const { publicKey } = forge;
  const secrets = {
    PEM: publicKey.export({ format: 'pem', type: 'spki' }),
    DER: publicKey.export({ format: 'der', type: 'spki' }),
    JWK: JSON.stringify(publicKey.export({ format: 'jwk' })),
  };
  return Object.entries(secrets).map(([form, secret]) => [
    `HS256 with the public key (${form})`,
    'token_algorithm_not_allowed',
    forge.unsigned(claims, { alg: 'HS256' }, hmac(secret), at),
  ]);
};

const twoSignatures = (one: string, other: string): string => {
  const [of, payload, signature] = one.split('.');
  const [otherOf, , otherSignature] = other.split('.');
  const signatures = [
    { protected: of, signature },
    { protected: otherOf, signature: otherSignature },
  ];
  return JSON.stringify({ payload, signatures });
};
