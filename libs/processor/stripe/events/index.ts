export type { SignatureFault, SignedDelivery, Verification } from './signature.js';
export { verifySignature } from './signature.js';
export type { Envelope } from './head.js';
export { readEnvelope, readHead } from './head.js';
export type { ReadEvent } from './read-event.js';
export { readEvent } from './read-event.js';
export { subscribedTypes } from './types.js';
