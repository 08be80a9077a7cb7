import { v5 as uuidv5 } from 'uuid';

/**
 * The capture that an attempt with automatic capture makes. Nobody requested it, so its id derives from the attempt: the
 * gateway's answer and the processor's webhook name the same capture.
 */
export const automaticCaptureId = (paymentId: string, attempt: number): string =>
  uuidv5(`capture of attempt ${attempt}`, paymentId);
