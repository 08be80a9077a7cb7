import { createHash } from 'node:crypto';

import { derivedId } from '#contracts';

/**
 * A capture that nobody requested of us: that of an attempt with automatic capture, or one made at the processor by somebody
 * else. Its id derives from the attempt and from `taken`, the minor units that the attempt's recorded captures took before it:
 * the gateway's answer and the processor's webhook name the same capture.
 */
export const automaticCaptureId = (paymentId: string, attempt: number, taken = 0): string =>
  derivedId(paymentId, taken === 0 ? `capture of attempt ${attempt}` : `capture of attempt ${attempt} after ${taken}`);

/**
 * By which a processor's token is found again where it lies sealed: SHA-256, 32 bytes. Tokens are drawn at random by the processor, so
 * nothing leads back from it to one.
 */
export const tokenDigest = (token: string): Buffer => createHash('sha256').update(`processor token ${token}`).digest();
