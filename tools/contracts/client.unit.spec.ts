import type {
  AttachPaymentMethodDto,
  CancelPaymentDto,
  CapturePaymentDto,
  CommandType as RegisteredType,
  ConfirmPaymentDto,
  CreateCustomerDto,
  CreatePaymentDto,
  CreateSetupIntentDto,
  DetachPaymentMethodDto,
  RefundPaymentDto,
  SetDefaultPaymentMethodDto,
  SubmitDisputeEvidenceDto,
} from '#command-handling';
import { commandTypes } from '#command-handling';
import type { EventType as RegisteredEvent } from '#contracts';
import type { BillingEvent as DomainEvent } from '#domain';
import type { PaymentView } from '#projections';

import type { PaymentHistoryController } from '../../apps/api/audit/payment-history.controller.js';
import type { Command, CommandOf, CommandType } from '../../libs/client/commands.js';
import { subjects } from '../../libs/client/commands.js';
import type { EventType } from '../../libs/client/events.js';
import type { CommandBodies } from '../../libs/client/generated/commands.js';
import type { EventData } from '../../libs/client/generated/events.js';
import type { PaymentChange, PaymentHistoryPage } from '../../libs/client/payment-history.js';
import type { Payment } from '../../libs/client/payment.js';

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type Within<A, B> = [A] extends [B] ? true : false;
const holds = <_Claim extends true>(): void => undefined;

interface Dtos {
  CreateCustomer: CreateCustomerDto;
  SetDefaultPaymentMethod: SetDefaultPaymentMethodDto;
  AttachPaymentMethod: AttachPaymentMethodDto;
  DetachPaymentMethod: DetachPaymentMethodDto;
  CreateSetupIntent: CreateSetupIntentDto;
  CreatePayment: CreatePaymentDto;
  ConfirmPayment: ConfirmPaymentDto;
  CapturePayment: CapturePaymentDto;
  CancelPayment: CancelPaymentDto;
  RefundPayment: RefundPaymentDto;
  SubmitDisputeEvidence: SubmitDisputeEvidenceDto;
}
type ShownHistory = Awaited<ReturnType<PaymentHistoryController['history']>>;
type ShownChange = ShownHistory['data'][number];
type DomainData = { [T in RegisteredEvent]: Omit<Extract<DomainEvent, { type: T }>, 'type'> };

// Compiled, never run: what the client says has to be what the service says.
holds<Same<CommandType, RegisteredType>>();
holds<Same<Required<CommandBodies>, Required<Dtos>>>();
holds<Same<{ [T in CommandType]: keyof CommandBodies[T] }, { [T in CommandType]: keyof Dtos[T] }>>();
holds<Same<EventType, RegisteredEvent>>();
holds<Within<DomainData, EventData>>();
holds<Same<{ [T in EventType]: keyof EventData[T] }, { [T in EventType]: keyof DomainData[T] }>>();
holds<Within<PaymentView, Payment>>();
holds<Same<keyof PaymentView, keyof Payment>>();
holds<Same<keyof ShownHistory, keyof PaymentHistoryPage>>();
holds<Same<ShownHistory['nextCursor'], PaymentHistoryPage['nextCursor']>>();
holds<Same<keyof ShownChange, keyof PaymentChange>>();
holds<Within<Omit<ShownChange, 'type' | 'data'>, Omit<PaymentChange, 'type' | 'data'>>>();
holds<Within<ShownChange['data'], PaymentChange['data']>>();
// @ts-expect-error a refund is always on behalf of a person
holds<Within<{ type: 'RefundPayment'; tenantId: string; paymentId: string }, CommandOf<'RefundPayment'>>>();
// @ts-expect-error the customer has to be named
holds<Within<{ type: 'AttachPaymentMethod'; tenantId: string; body: AttachPaymentMethodDto }, Command>>();
holds<Within<{ type: 'CapturePayment'; tenantId: string; paymentId: string }, CommandOf<'CapturePayment'>>>();

describe('the commands of the client', () => {
  it('are about what the service says they are about', () => {
    const field = {
      customer: 'customerId',
      payment_method: 'paymentMethodId',
      payment: 'paymentId',
      dispute: 'disputeId',
    };
    const expected = Object.entries(commandTypes).map(([type, { subject }]) => [type, subject && field[subject]]);
    expect(Object.entries(subjects)).toEqual(expected);
  });
});
