import { createHash } from 'node:crypto';

/** How many endpoints were still to be told when this one was: another number in each delivery of one event. */
const pendingWebhooks = /"pending_webhooks"\s*:\s*\d+/g;

/** SHA-256 of what an event says, 32 bytes: equal for all deliveries of one event by one processor. */
export const contentHash = (body: Buffer): Buffer =>
  createHash('sha256')
    .update(body.toString('latin1').replaceAll(pendingWebhooks, '"pending_webhooks":0'), 'latin1')
    .digest();
