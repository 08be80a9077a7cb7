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
  it('that was detached can be charged no more, and says so', () => {
    const detach = { type: 'RecordPaymentMethodDetached', at } as const;
    const detached: PaymentMethodEvent = { type: 'PaymentMethodDetached', at };
    given([requested, attached]).when(detach).then([detached]);
    given([requested, attached, detached]).when(detach).thenNothing();
    const method = foldPaymentMethod([requested, attached, detached]);
    expect(() => assertChargeableMethod(method, 'c1')).toThrow('attach another');
    expect(foldPaymentMethod([requested, detached, attached])).toEqual(method);
  });
  it('answers who waits for its attachment, even when it was detached by then', () => {
    given([requested, { type: 'PaymentMethodDetached', at }])
      .when({ type: 'RecordPaymentMethodAttached', details: 'sealed', at })
      .then([attached]);
  });
  it('takes the details that were found last, while it is attached', () => {
    const update = { type: 'RecordPaymentMethodUpdated', details: 'sealed anew', at } as const;
    const updated: PaymentMethodEvent = { type: 'PaymentMethodUpdated', details: 'sealed anew', at };
    given([requested, attached]).when(update).then([updated]);
    given([requested, attached, updated]).when(update).thenNothing();
    given([requested]).when(update).thenNothing();
    given([requested, failed]).when(update).thenNothing();
    given([requested, attached, { type: 'PaymentMethodDetached', at }])
      .when(update)
      .thenNothing();
    expect(foldPaymentMethod([requested, attached, updated]).attachment).toEqual({
      phase: 'attached',
      details: 'sealed anew',
    });
  });
  it('is looked at once for each reason to', () => {
    const look = { type: 'RequestPaymentMethodLookup', lookupId: 'l1', reason: 'updated', at } as const;
    const asked: PaymentMethodEvent = { type: 'PaymentMethodLookupRequested', lookupId: 'l1', reason: 'updated', at };
    given([requested]).when(look).then([asked]);
    given([requested, asked]).when(look).thenNothing();
  });
  it('has mandates, of which one that ended stays so', () => {
    const report = (status: 'active' | 'inactive' | 'pending') =>
      ({ type: 'RecordMandate', processorMandateId: 'mandate_1', status, at }) as const;
    const told = (status: 'active' | 'inactive' | 'pending'): PaymentMethodEvent => ({
      ...{ type: 'MandateReported', processorMandateId: 'mandate_1', status, at },
    });
    given([requested])
      .when(report('active'))
      .then([told('active')]);
    given([requested, told('active')])
      .when(report('inactive'))
      .then([told('inactive')]);
    given([requested, told('inactive')])
      .when(report('active'))
      .thenNothing();
    given([requested, told('active')])
      .when(report('pending'))
      .thenNothing();
  });
  it('that is asked to be detached can be charged no more, and can again once the processor has refused', () => {
    const detach = { type: 'DetachPaymentMethod', detachId: 'd1', at } as const;
    const asked: PaymentMethodEvent = { type: 'PaymentMethodDetachRequested', detachId: 'd1', at };
    const refused: PaymentMethodEvent = { type: 'PaymentMethodDetachFailed', detachId: 'd1', code: 'oops', at };
    given([requested, attached]).when(detach).then([asked]);
    given([requested, attached, asked])
      .when({ ...detach, detachId: 'd2' })
      .thenNothing();
    expect(() => assertChargeableMethod(foldPaymentMethod([requested, attached, asked]), 'c1')).toThrow(
      'attach another',
    );
    const kept = foldPaymentMethod([requested, attached, asked, refused]);
    expect(() => assertChargeableMethod(kept, 'c1')).not.toThrow();
    expect(foldPaymentMethod([requested, attached, refused, asked])).toEqual(kept);
    given([requested, attached, asked, refused])
      .when({ ...detach, detachId: 'd2' })
      .then([{ ...asked, detachId: 'd2' }]);
  });
  it('that is not attached cannot be detached, and one that is gone is gone', () => {
    const detach = { type: 'DetachPaymentMethod', detachId: 'd1', at } as const;
    given([]).when(detach).thenRefuses(PaymentMethodNotFound);
    given([requested]).when(detach).thenRefuses(PaymentMethodNotAttached);
    given([requested, failed]).when(detach).thenRefuses(PaymentMethodNotAttached);
    given([requested, attached, { type: 'PaymentMethodDetached', at }])
      .when(detach)
      .thenNothing();
  });
  it('tells that it ends soon once for each date, also of a card that was issued anew', () => {
    const notice = (expiresOn: string) => ({ type: 'RecordPaymentMethodExpiring', expiresOn, at }) as const;
    const told: PaymentMethodEvent = { type: 'PaymentMethodExpiring', expiresOn: '2026-12', at };
    given([requested, attached]).when(notice('2026-12')).then([told]);
    given([requested, attached, told]).when(notice('2026-12')).thenNothing();
    given([requested, attached, told])
      .when(notice('2030-12'))
      .then([{ ...told, expiresOn: '2030-12' }]);
  });
  it('leaves a state that was stored before as it was', () => {
    const keys = Object.keys(foldPaymentMethod([requested, attached])).sort();
    expect(keys).toEqual(Object.keys(initialPaymentMethod).sort());
  });
  it('that nobody asked for has no facts', () => {
    given([]).when({ type: 'RecordPaymentMethodAttached', details: 'sealed', at }).thenRefuses(PaymentMethodNotFound);
    given([]).when({ type: 'RecordPaymentMethodDetached', at }).thenRefuses(PaymentMethodNotFound);
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
