import { createHmac, timingSafeEqual } from 'node:crypto';

/** Why a delivery is not taken for Stripe's. Stable. */
export type SignatureFault =
  | 'webhook_signature_missing'
  | 'webhook_signature_malformed'
  | 'webhook_signature_invalid'
  | 'webhook_timestamp_out_of_tolerance';

/** `signature`: the entry that matched, 64 hexadecimal digits. `timestamp`: when it was signed, in Unix seconds. */
export type Verification = { ok: true; signature: string; timestamp: number } | { ok: false; code: SignatureFault };

export interface SignedDelivery {
  /** `Stripe-Signature` as it came. A header that came twice is no header of Stripe's. */
  header: string | readonly string[] | undefined;
  /** The body, byte for byte. */
  body: Buffer;
  /** Those valid now, of which one may be on its way out. Blank ones match nothing. */
  secrets: readonly string[];
  now: Date;
  /** How far the timestamp may be from `now`, before it or after it. Default 300. */
  toleranceSeconds?: number;
}

/** Stripe's own have some 80 characters for each secret that it signs with. */
const maxHeaderLength = 4_096;

/**
 * Verifies `Stripe-Signature: t=...,v1=...[,v1=...]` after docs.stripe.com/webhooks/signature: one of the `v1` entries has to be
 * the HMAC-SHA256 of `t.body` under one of the secrets. Entries of other schemes are passed over. Every entry is compared with
 * every secret in constant time, and the timestamp counts only once the signature holds. Never throws.
 */
export const verifySignature = (delivery: SignedDelivery): Verification => {
  const { header, body, secrets, now, toleranceSeconds = 300 } = delivery;
  if (header === undefined || header === '') return { ok: false, code: 'webhook_signature_missing' };
  const parts = typeof header === 'string' ? partsOf(header) : undefined;
  if (!parts) return { ok: false, code: 'webhook_signature_malformed' };
  const expected = secrets.filter((secret) => secret.trim() !== '').map((secret) => hmac(secret, `${parts.t}.`, body));
  const signature = matching(parts.signatures, expected);
  if (signature === undefined) return { ok: false, code: 'webhook_signature_invalid' };
  const timestamp = Number(parts.t);
  const age = Math.floor(now.getTime() / 1_000) - timestamp;
  if (Math.abs(age) > toleranceSeconds) return { ok: false, code: 'webhook_timestamp_out_of_tolerance' };
  return { ok: true, signature, timestamp };
};

/** HMAC-SHA256 of the parts one after the other, in hexadecimal. */
export const hmac = (secret: string, ...content: (string | Buffer)[]): string => {
  const digest = createHmac('sha256', secret);
  for (const part of content) digest.update(part);
  return digest.digest('hex');
};

/** The one timestamp, as it was signed, and the `v1` entries; undefined where there is not one timestamp or no such entry. */
const partsOf = (header: string): { t: string; signatures: string[] } | undefined => {
  if (header.length > maxHeaderLength) return undefined;
  // A blank before a name is the mark of two headers that were joined. What follows the name is the scheme's own affair.
  const entries = header.split(',').map((entry) => /^([A-Za-z0-9_]+)=(.*)$/s.exec(entry));
  if (entries.includes(null)) return undefined;
  const valuesOf = (name: string) => entries.flatMap((entry) => (entry?.[1] === name ? [entry[2] ?? ''] : []));
  const [t, ...more] = valuesOf('t');
  const signatures = valuesOf('v1');
  if (t === undefined || more.length > 0 || !/^\d{1,12}$/.test(t)) return undefined;
  if (signatures.length === 0 || signatures.some((signature) => signature.includes('='))) return undefined;
  return { t, signatures };
};

/** The last entry that is one of the expected; how long it takes tells nothing of which, or how much of it, was right. */
const matching = (signatures: readonly string[], expected: readonly string[]): string | undefined => {
  let match: string | undefined;
  for (const signature of signatures) {
    for (const each of expected) if (equal(signature, each)) match = signature;
  }
  return match;
};

const equal = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};
