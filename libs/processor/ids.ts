import { derivedId } from '#contracts';

/**
 * The capture that an attempt with automatic capture makes. Nobody requested it, so its id derives from the attempt: the
 * gateway's answer and the processor's webhook name the same capture.
 */
export const automaticCaptureId = (paymentId: string, attempt: number): string =>
  derivedId(paymentId, `capture of attempt ${attempt}`);
