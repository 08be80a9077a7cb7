import { hash } from 'node:crypto';
import { compactVerify } from 'jose';

import { isBase64url } from '../compact-token.js';
import { clockSkewSeconds } from '../token-validity.js';
import type { ProducerDirectory, ProducerKey } from './directory.js';
import type { Producer } from './producer.js';
import { SignatureRefused } from './signature-refused.js';

/** Longer than any signature over our claims, and short enough to look at for everybody who asks. */
const maxSignatureLength = 4_096;
const maxKidLength = 128;
/** The `typ` of the signature's header: a token of any other use is no signature of a command, and the other way round. */
export const signatureType = 'billing-command+jwt';
/** How long before its arrival at the broker a command may have been signed, and how long its signature may hold. */
export const maxLifetimeSeconds = 86_400;

/** A command as it came, with everything that its signature covers. */
export interface SignedCommand {
  messageId: string;
  /** Who says to have sent it. */
  producer: string;
  type: string;
  schemaVersion: string;
  /** Absent where the command makes something new. */
  subject: string | undefined;
  tenantId: string;
  body: Buffer;
  /** A person's access token, forwarded. */
  onBehalfOf: string | undefined;
  /** The compact JWS. */
  signature: string;
  /** When we got it, by the clock of `performance.now()`; now where it is left out. */
  cameMs?: number;
}

/** Who signed, and when; `iat` and `exp` in seconds since 1970. */
export interface CommandSignature {
  producer: Producer;
  issuedAt: number;
  expiresAt: number;
}

/**
 * Proves that a command is what its producer signed (JWS, RFC 7515; ES256 or EdDSA): who, which message, type, version, subject and
 * tenant, and the SHA-256 of the body and of the forwarded token. Throws SignatureRefused: then nothing about the command is known,
 * not even who sent it. The time is judged by `assertTimely`.
 */
export const verifyCommandSignature = async (
  directory: Pick<ProducerDirectory, 'keyOf'>,
  command: SignedCommand,
): Promise<CommandSignature> => {
  const { kid, alg } = headerOf(command.signature);
  const known = await directory.keyOf(command.producer, kid, command.cameMs);
  if (known.algorithm !== alg)
    throw new SignatureRefused('signature_algorithm_not_allowed', `this key signs with ${known.algorithm} alone`);
  const claims = await claimsOf(command.signature, known);
  assertCovers(claims, command);
  return { producer: known.producer, issuedAt: instant(claims, 'iat'), expiresAt: instant(claims, 'exp') };
};

/**
 * Judges a signature at the time at which the broker stored the command: a consumer that is late makes nothing too late. Clocks may
 * differ by five seconds. Throws SignatureRefused.
 */
export const assertTimely = ({ issuedAt, expiresAt }: CommandSignature, appendedAt: Date): void => {
  const at = appendedAt.getTime() / 1_000;
  if (expiresAt <= issuedAt || expiresAt - issuedAt > maxLifetimeSeconds)
    throw new SignatureRefused(
      'signature_lifetime_too_long',
      'a signature holds for 24 hours at most, from iat to exp',
    );
  if (issuedAt > at + clockSkewSeconds)
    throw new SignatureRefused('signature_not_yet_valid', 'the command was signed after it came; look at the clocks');
  if (expiresAt <= at - clockSkewSeconds)
    throw new SignatureRefused('signature_expired', 'the signature had expired when the command came; sign it anew');
};

/** What must be known before the signature can be checked. Keys that a header offers (`jwk`, `jku`, `x5c`) are never looked at. */
const headerOf = (signature: string): { kid: string; alg: string } => {
  if (signature.length > maxSignatureLength) throw malformed('the signature is too long');
  const parts = signature.split('.', 4);
  if (parts.length !== 3 || !parts.every(isBase64url)) throw malformed('the signature is not a compact JWS');
  const { alg, typ, kid, crit } = objectOf(Buffer.from(parts[0] ?? '', 'base64url'));
  if (alg !== 'ES256' && alg !== 'EdDSA')
    throw new SignatureRefused('signature_algorithm_not_allowed', 'commands are signed with ES256 or EdDSA');
  if (typ !== signatureType)
    throw new SignatureRefused('signature_type_not_allowed', `the typ of a signature is ${signatureType}`);
  if (crit !== undefined) throw malformed('the signature has critical header parameters');
  if (typeof kid !== 'string' || kid === '' || kid.length > maxKidLength) throw malformed('the signature names no key');
  return { kid, alg };
};

const claimsOf = async (signature: string, { key, algorithm }: ProducerKey): Promise<Record<string, unknown>> => {
  const verified = await compactVerify(signature, key, { algorithms: [algorithm] }).catch(() => undefined);
  if (!verified) throw new SignatureRefused('signature_invalid', 'the signature does not verify');
  return objectOf(Buffer.from(verified.payload));
};

/** A signature over anything else than this very command is one that somebody has taken from another. */
const assertCovers = (claims: Record<string, unknown>, command: SignedCommand): void => {
  const covered: Record<string, unknown> = {
    iss: command.producer,
    jti: command.messageId,
    cmd: command.type,
    ver: command.schemaVersion === '' ? undefined : Number(command.schemaVersion),
    sub: command.subject,
    tenant: command.tenantId,
    bsh: hash('sha256', command.body, 'base64url'),
    obh: command.onBehalfOf === undefined ? undefined : hash('sha256', command.onBehalfOf, 'base64url'),
  };
  for (const [claim, value] of Object.entries(covered)) {
    if (claims[claim] !== value)
      throw new SignatureRefused('signature_mismatch', `the signature is of another command: see its claim ${claim}`);
  }
};

const instant = (claims: Record<string, unknown>, claim: 'iat' | 'exp'): number => {
  const value = claims[claim];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
    throw malformed(`the claim ${claim} of the signature is missing or has a wrong form`);
  return value;
};

const objectOf = (json: Buffer): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(json.toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below, without a part of it.
  }
  throw malformed('the signature holds no JSON object');
};

const malformed = (message: string) => new SignatureRefused('signature_malformed', message);
