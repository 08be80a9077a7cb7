/**
 * The header that a delivery is signed with: `t=TIME,v1=HMAC,v0=...`. The HMAC is SHA-256 of `TIME.BODY` under the endpoint's secret;
 * while a secret is being replaced there is one `v1` for each. https://docs.stripe.com/webhooks#verify-manually
 */
import { createHmac } from 'node:crypto';

const hmac = (text: string, secret: string): string => createHmac('sha256', secret).update(text).digest('hex');

/** `timestamp` is in Unix seconds, `secrets` are those that are good, the newest first. */
export const signatureHeader = (body: string, secrets: readonly string[], timestamp: number): string => {
  const signed = `${String(timestamp)}.${body}`;
  const entries = secrets.map((secret) => `v1=${hmac(signed, secret)}`);
  // Stripe sends this one in test mode, so that who takes it for a signature finds out.
  return [`t=${String(timestamp)}`, ...entries, `v0=${hmac(signed, 'a scheme that is none')}`].join(',');
};
