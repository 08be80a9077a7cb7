import type { PaymentMethodEvent } from '#domain/payment-method';
import { foldPaymentMethod } from '#domain/payment-method';

import { paymentMethodView, sealedDetailsOf } from './view.js';

const at = '2026-11-01T10:00:00.000Z';
const fold = (kind: 'card' | 'us_bank_account', ...later: PaymentMethodEvent[]) =>
  foldPaymentMethod([
    { type: 'PaymentMethodAttachRequested', paymentMethodId: 'm1', customerId: 'c1', kind, at },
    ...later,
  ]);
const attached: PaymentMethodEvent = { type: 'PaymentMethodAttached', details: 'sealed', at };
const card = { brand: 'visa', last4: '4242', expMonth: 12, expYear: 2030, funding: 'credit' };

describe('what is shown of a payment method', () => {
  it('while it is being attached', () => {
    expect(sealedDetailsOf(fold('card'))).toBeUndefined();
    expect(paymentMethodView(fold('card'), undefined)).toEqual({
      id: 'm1',
      customerId: 'c1',
      type: 'card',
      status: 'pending',
      isDefault: false,
      expiring: false,
      failure: null,
      createdAt: at,
    });
  });

  it('an attached card, or bank account', () => {
    expect(sealedDetailsOf(fold('card', attached))).toBe('sealed');
    expect(paymentMethodView(fold('card', attached), card)).toMatchObject({
      status: 'attached',
      card: { brand: 'visa', last4: '4242', expMonth: 12, expYear: 2030 },
    });
    expect(
      paymentMethodView(fold('us_bank_account', attached), { bankName: 'Test Bank', last4: '6789' }),
    ).toMatchObject({ usBankAccount: { bankName: 'Test Bank', last4: '6789' } });
  });

  it('whether it is the default, which nothing is that was detached', () => {
    const detached: PaymentMethodEvent = { type: 'PaymentMethodDetached', at };
    expect(paymentMethodView(fold('card', attached), card, 'm1')).toMatchObject({ isDefault: true });
    expect(paymentMethodView(fold('card', attached), card, 'm2')).toMatchObject({ isDefault: false });
    expect(paymentMethodView(fold('card', attached, detached), card, 'm1')).toMatchObject({ isDefault: false });
  });

  it('that a card ends soon, until it is issued anew', () => {
    const notice: PaymentMethodEvent = { type: 'PaymentMethodExpiring', expiresOn: '2030-12', at };
    expect(paymentMethodView(fold('card', attached, notice), card)).toMatchObject({ expiring: true });
    expect(paymentMethodView(fold('card', attached, notice), { ...card, expYear: 2034 })).toMatchObject({
      expiring: false,
    });
  });

  it('the permission for bank debits, the one that holds before those that do not', () => {
    const told = (processorMandateId: string, status: 'active' | 'inactive'): PaymentMethodEvent => ({
      ...{ type: 'MandateReported', processorMandateId, status, at },
    });
    const bank = { bankName: 'Test Bank', last4: '6789' };
    const method = fold('us_bank_account', attached, told('mandate_1', 'inactive'), told('mandate_2', 'active'));
    expect(paymentMethodView(method, bank).mandate).toEqual({ processorMandateId: 'mandate_2', status: 'active' });
    expect(paymentMethodView(fold('us_bank_account', attached), bank)).not.toHaveProperty('mandate');
  });

  it('nothing by which a card is told from others', () => {
    expect(JSON.stringify(paymentMethodView(fold('card', attached), { ...card, fingerprint: 'fp_1' }))).not.toContain(
      'fp_1',
    );
  });

  it('one that was detached, and one of which the bank has issued another card', () => {
    const detached: PaymentMethodEvent = { type: 'PaymentMethodDetached', at };
    expect(paymentMethodView(fold('card', attached, detached), card)).toMatchObject({
      status: 'detached',
      card: { last4: '4242' },
    });
    expect(paymentMethodView(fold('card', attached, detached), 'erased')).toMatchObject({ status: 'erased' });
    expect(paymentMethodView(fold('card', detached), undefined)).toMatchObject({ status: 'detached' });
    const updated: PaymentMethodEvent = { type: 'PaymentMethodUpdated', details: 'sealed anew', at };
    expect(sealedDetailsOf(fold('card', attached, updated))).toBe('sealed anew');
  });

  it('one that the processor refused, and one whose owner was erased', () => {
    const failed: PaymentMethodEvent = { type: 'PaymentMethodAttachFailed', code: 'card_declined', at };
    expect(paymentMethodView(fold('card', failed), undefined)).toMatchObject({
      status: 'failed',
      failure: { code: 'card_declined', declineCode: null },
    });
    const erased = paymentMethodView(fold('card', attached), 'erased');
    expect(erased).toMatchObject({ status: 'erased' });
    expect(erased).not.toHaveProperty('card');
  });
});
