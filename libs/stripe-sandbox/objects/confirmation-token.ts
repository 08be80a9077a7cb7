import type { ConfirmationTokenRecord } from '../state/records.js';
import { presentAddress } from './customer.js';
import { presentMethodPreview } from './payment-method.js';

/** Debits of a bank account need the customer's word. The sandbox asks no one, and keeps nothing of who gave it. */
const presentMandateData = (token: ConfirmationTokenRecord) =>
  token.method.type === 'us_bank_account'
    ? { customer_acceptance: { online: { ip_address: null, user_agent: null }, type: 'online' } }
    : null;

/** Without the carrier that an order has later. */
const presentShipping = ({ shipping }: ConfirmationTokenRecord) =>
  shipping ? { address: presentAddress(shipping.address), name: shipping.name, phone: shipping.phone ?? null } : null;

export const presentConfirmationToken = (token: ConfirmationTokenRecord) => ({
  id: token.id,
  object: 'confirmation_token',
  created: token.created,
  expires_at: token.expires_at,
  livemode: false,
  mandate_data: presentMandateData(token),
  metadata: null,
  payment_intent: token.payment_intent ?? null,
  payment_method_options: null,
  payment_method_preview: presentMethodPreview(token.method),
  return_url: token.return_url ?? null,
  setup_future_usage: token.setup_future_usage ?? null,
  setup_intent: token.setup_intent ?? null,
  shipping: presentShipping(token),
  use_stripe_sdk: token.use_stripe_sdk ?? false,
});
