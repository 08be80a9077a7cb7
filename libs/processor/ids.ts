import { derivedId } from '#contracts';

/**
 * A capture that nobody requested of us: that of an attempt with automatic capture, or one made at the processor by somebody
 * else. Its id derives from the attempt and from `taken`, the minor units that the attempt's recorded captures took before it:
 * the gateway's answer and the processor's webhook name the same capture.
 */
export const automaticCaptureId = (paymentId: string, attempt: number, taken = 0): string =>
  derivedId(paymentId, taken === 0 ? `capture of attempt ${attempt}` : `capture of attempt ${attempt} after ${taken}`);
