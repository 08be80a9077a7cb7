import type { RunningApi, TestTenant } from './running-api.js';

/** A customer with an attached card. */
export interface Payer {
  customerId: string;
  paymentMethodId: string;
}

export const cardToken = { type: 'card', processorToken: 'pm_card_visa' };

export const createPayer = async (api: RunningApi, tenant: TestTenant, email = 'ada@example.com'): Promise<Payer> => {
  const customer = await tenant.post('/v1/customers', { email });
  const customerId = customer.json.id as string;
  const method = await tenant.post(`/v1/customers/${customerId}/payment-methods`, cardToken);
  const paymentMethodId = method.json.id as string;
  await api.processor.attaches(tenant.id, customerId, paymentMethodId);
  return { customerId, paymentMethodId };
};

/** A payment of 50.00 USD that the processor has charged; or authorized, where `more` asks for manual capture. */
export const charged = async (
  api: RunningApi,
  tenant: TestTenant,
  payer: Payer,
  more: Record<string, unknown> = {},
): Promise<string> => {
  const payment = await tenant.post('/v1/payments', { amount: 5_000, currency: 'usd', ...payer, ...more });
  const paymentId = payment.json.id as string;
  await api.processor.charges(tenant.id, paymentId);
  return paymentId;
};
