import { changed, further } from '../join.js';
import { Refusal } from '../refusal.js';
import type {
  AttachPaymentMethod,
  PaymentMethodCommand,
  RecordPaymentMethodAttached,
  RecordPaymentMethodAttachFailed,
} from './commands.js';
import type { PaymentMethodEvent, PaymentMethodKind } from './events.js';

export type Attachment =
  | { phase: 'requested' }
  | { phase: 'failed'; code: string; declineCode?: string }
  /** `details` is sealed text. */
  | { phase: 'attached'; details: string };

export interface PaymentMethod {
  /** Empty until its attachment is requested. */
  paymentMethodId: string;
  customerId: string;
  kind: PaymentMethodKind;
  attachment: Attachment;
  createdAt: string;
}

export const initialPaymentMethod: PaymentMethod = {
  paymentMethodId: '',
  customerId: '',
  kind: 'card',
  attachment: { phase: 'requested' },
  createdAt: '',
};

export class PaymentMethodNotFound extends Refusal {
  constructor() {
    super('payment_method_not_found', 'not_found', 'the customer has no such payment method; attach it first', {
      field: 'paymentMethodId',
    });
  }
}

export class PaymentMethodNotAttached extends Refusal {
  constructor(method: PaymentMethod) {
    const next = method.attachment.phase === 'failed' ? 'attach another' : 'try again when it is attached';
    super(
      'payment_method_not_attached',
      'conflict',
      `payment method ${method.paymentMethodId} is not attached; ${next}`,
      {
        field: 'paymentMethodId',
        details: { paymentMethodId: method.paymentMethodId },
      },
    );
  }
}

const rank = { requested: 0, failed: 1, attached: 2 };

const attachmentOf = (event: Exclude<PaymentMethodEvent, { type: 'PaymentMethodAttachRequested' }>): Attachment =>
  event.type === 'PaymentMethodAttached'
    ? { phase: 'attached', details: event.details }
    : { phase: 'failed', code: event.code, declineCode: event.declineCode };

/** Folds one event into the payment method. Attached outlives a late failure. */
export const evolvePaymentMethod = (method: PaymentMethod, event: PaymentMethodEvent): PaymentMethod => {
  if (event.type === 'PaymentMethodAttachRequested') {
    const { paymentMethodId, customerId, kind, at } = event;
    return { ...method, paymentMethodId, customerId, kind, createdAt: at };
  }
  return changed(method, { attachment: further(rank, method.attachment, attachmentOf(event)) });
};

export const foldPaymentMethod = (events: Iterable<PaymentMethodEvent>): PaymentMethod => {
  let method = initialPaymentMethod;
  for (const event of events) method = evolvePaymentMethod(method, event);
  return method;
};

/** Asks for the attachment. The id derives from the command, so a method that exists is this one: a repeat. */
export const attachPaymentMethod = (command: AttachPaymentMethod, method: PaymentMethod): PaymentMethodEvent[] => {
  if (method.paymentMethodId !== '') return [];
  const { paymentMethodId, customerId, kind, at } = command;
  return [{ type: 'PaymentMethodAttachRequested', paymentMethodId, customerId, kind, at }];
};

/** Records the processor's answer. A repeat, or a failure after it was attached, changes nothing. */
export const recordAttachment = (
  command: RecordPaymentMethodAttached | RecordPaymentMethodAttachFailed,
  method: PaymentMethod,
): PaymentMethodEvent[] => {
  if (method.paymentMethodId === '') throw new PaymentMethodNotFound();
  // Sealing the same details twice gives two texts: the first stands.
  if (method.attachment.phase === 'attached') return [];
  const { at } = command;
  const event: PaymentMethodEvent =
    command.type === 'RecordPaymentMethodAttached'
      ? { type: 'PaymentMethodAttached', details: command.details, at }
      : { type: 'PaymentMethodAttachFailed', code: command.code, declineCode: command.declineCode, at };
  return evolvePaymentMethod(method, event) === method ? [] : [event];
};

/** Throws PaymentMethodNotFound unless it is the customer's, PaymentMethodNotAttached unless it can be charged. */
export const assertChargeableMethod = (method: PaymentMethod, customerId: string): void => {
  if (method.paymentMethodId === '' || method.customerId !== customerId) throw new PaymentMethodNotFound();
  if (method.attachment.phase !== 'attached') throw new PaymentMethodNotAttached(method);
};

/** Decides any command of the payment method. Throws PaymentMethodNotFound for a fact about one that nobody asked for. */
export const decidePaymentMethod = (command: PaymentMethodCommand, method: PaymentMethod): PaymentMethodEvent[] =>
  command.type === 'AttachPaymentMethod' ? attachPaymentMethod(command, method) : recordAttachment(command, method);
