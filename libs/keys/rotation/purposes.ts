import type { KeyPurpose } from '../who-may-decrypt.js';

/** Why there are several versions: what one of these seals names its version, so a newer one can take its place. */
export const rotatingPurposes = ['client_secret', 'dead_letter', 'personal', 'token'] as const;
export type RotatingPurpose = (typeof rotatingPurposes)[number];

/**
 * What these compute is compared with what they computed before: an email with those that are taken, a card with those that were seen, the
 * salt of an event with the leaf that was made with it. With another key no comparison would find anything, so the first version stays, and
 * only its wrapping is renewed.
 */
export const lastingPurposes = ['audit', 'fingerprint', 'index'] as const;

/** Every purpose of a tenant's keys. */
export const tenantPurposes: readonly KeyPurpose[] = [...rotatingPurposes, ...lastingPurposes];

/** What stands under these for longer than a month, and is sealed anew after a rotation: the rest is deleted before it is old. */
export const resealedPurposes = ['personal', 'token'] as const;
export type ResealedPurpose = (typeof resealedPurposes)[number];

export const isRotating = (purpose: string): purpose is RotatingPurpose =>
  (rotatingPurposes as readonly string[]).includes(purpose);
