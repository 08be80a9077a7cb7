import { specificationOf } from '../testing/given-when-then.js';
import {
  PaymentMethodNotAttached,
  PaymentMethodNotFound,
  assertChargeableMethod,
  decidePaymentMethod,
  evolvePaymentMethod,
  foldPaymentMethod,
  initialPaymentMethod,
  type PaymentMethodEvent,
} from './index.js';

const { given } = specificationOf({
  initial: initialPaymentMethod,
  evolve: evolvePaymentMethod,
  decide: decidePaymentMethod,
});

const at = '2026-11-01T10:00:00Z';
const terms = { paymentMethodId: 'm1', customerId: 'c1', kind: 'card', at } as const;
const requested: PaymentMethodEvent = { type: 'PaymentMethodAttachRequested', ...terms };
const attached: PaymentMethodEvent = { type: 'PaymentMethodAttached', details: 'sealed', at };
const failed: PaymentMethodEvent = {
  type: 'PaymentMethodAttachFailed',
  code: 'card_declined',
  declineCode: 'lost',
  at,
};

describe('a payment method', () => {
  it('is asked for once', () => {
    given([])
      .when({ type: 'AttachPaymentMethod', ...terms })
      .then([requested]);
    given([requested])
      .when({ type: 'AttachPaymentMethod', ...terms })
      .thenNothing();
  });
  it('carries no token into its events, whatever the caller passes', () => {
    const command = { type: 'AttachPaymentMethod', ...terms, processorToken: 'pm_secret' } as const;
    expect(JSON.stringify(decidePaymentMethod(command, initialPaymentMethod))).not.toContain('pm_secret');
  });
  it('is attached once, even when a repeat seals the same details to another text', () => {
    const attach = { type: 'RecordPaymentMethodAttached', details: 'sealed', at } as const;
    given([requested]).when(attach).then([attached]);
    given([requested, attached])
      .when({ ...attach, details: 'sealed again' })
      .thenNothing();
  });
  it('can be refused, and a late refusal of an attached one changes nothing', () => {
    const fail = { type: 'RecordPaymentMethodAttachFailed', code: 'card_declined', declineCode: 'lost', at } as const;
    given([requested]).when(fail).then([failed]);
    given([requested, failed]).when(fail).thenNothing();
    given([requested, attached]).when(fail).thenNothing();
    given([requested, failed]).when({ type: 'RecordPaymentMethodAttached', details: 'sealed', at }).then([attached]);
  });
  it('that nobody asked for has no facts', () => {
    given([]).when({ type: 'RecordPaymentMethodAttached', details: 'sealed', at }).thenRefuses(PaymentMethodNotFound);
  });
  it('can be charged only when attached, and only for its customer', () => {
    const ready = foldPaymentMethod([requested, attached]);
    expect(() => assertChargeableMethod(ready, 'c1')).not.toThrow();
    expect(() => assertChargeableMethod(ready, 'c2')).toThrow(PaymentMethodNotFound);
    expect(() => assertChargeableMethod(initialPaymentMethod, '')).toThrow(PaymentMethodNotFound);
    expect(() => assertChargeableMethod(foldPaymentMethod([requested]), 'c1')).toThrow(PaymentMethodNotAttached);
    expect(() => assertChargeableMethod(foldPaymentMethod([requested, failed]), 'c1')).toThrow('attach another');
  });
});
