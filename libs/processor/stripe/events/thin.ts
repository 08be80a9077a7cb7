import { randomBytes } from 'node:crypto';

import Stripe from 'stripe';

import type { Reading } from '../../news.js';
import { Fields } from '../fields.js';

/** Of an account, or of one part of it: `v2.core.account[requirements].updated`. */
const aboutAnAccount = /^(v1\.account\.updated|v2\.core\.account(\[[a-z_.]+\])?\.[a-z_]+)$/;

/** Speaks to nobody: only the library's reading of notifications is used, and that belongs to a client. */
const client = new Stripe('none');

/**
 * The library reads notifications only under a signature. Stripe's own was verified when the body came in, by a secret that may
 * have been retired since; here the body is signed again, with a secret that this process never shows.
 */
const secret = randomBytes(32).toString('hex');

/**
 * A thin event: it names an object that has changed, and whoever needs to know how has to look. Throws Unreadable where it does
 * not name one.
 */
export const readNotification = (type: string, body: Buffer | string): Reading => {
  if (!aboutAnAccount.test(type)) return { kind: 'unused', reason: 'type_not_used' };
  const payload = body.toString();
  const header = client.webhooks.generateTestHeaderString({ payload, secret });
  const notification = new Fields(client.parseEventNotification(payload, header, secret), 'event');
  const related = notification.fields('related_object');
  related.word('type', { account: 'account', 'v2.core.account': 'account' });
  return { kind: 'news', news: { about: 'reference', object: 'account', processorId: related.token('id') } };
};
