/** The secret by which a browser may see and confirm one intent. */
import { timingSafeEqual } from 'node:crypto';
import type { IntentRecord } from '../state/records.js';
import { refused } from '../wire/errors.js';

const names = { payment_intent: 'PaymentIntent', setup_intent: 'SetupIntent' } as const;

/** Gives `intent`. Throws unless `secret`, where there is one, is its own. */
export const assertSecret = <I extends IntentRecord>(
  intent: I,
  kind: keyof typeof names,
  secret: string | undefined,
): I => {
  if (secret === undefined) return intent;
  const [given, own] = [Buffer.from(secret), Buffer.from(intent.client_secret)];
  if (given.length === own.length && timingSafeEqual(given, own)) return intent;
  throw refused(
    `The client_secret provided does not match any associated ${names[kind]} on this account.`,
    `${kind}_invalid_parameter`,
    'client_secret',
  );
};
