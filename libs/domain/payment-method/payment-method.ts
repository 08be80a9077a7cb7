import { changed, further, joinInto } from '../join.js';
import { Refusal } from '../refusal.js';
import type {
  AttachPaymentMethod,
  DetachPaymentMethod,
  PaymentMethodCommand,
  RecordPaymentMethodAttached,
  RecordPaymentMethodAttachFailed,
  RecordPaymentMethodUpdated,
} from './commands.js';
import type { MandateReported, PaymentMethodEvent, PaymentMethodKind } from './events.js';

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
  /** Taken from its customer at the processor, for good. This and what follows is absent until it is heard of. */
  detached?: boolean;
  /** How the payer's permissions for bank debits stand, by their ids at the processor. */
  mandates?: Readonly<Record<string, MandateReported['status']>>;
  /** What came of asking the processor to take it from its customer, by detachId. One that succeeded is `detached`. */
  detachments?: Readonly<Record<string, 'requested' | 'failed'>>;
  /** The months, as `YYYY-MM`, of which a notice was given that the card ends then. */
  expiryNotices?: Readonly<Record<string, true>>;
  /** Looks that were asked of the gateway, by lookupId. */
  lookups?: Readonly<Record<string, true>>;
}

export const initialPaymentMethod: PaymentMethod = {
  paymentMethodId: '',
  customerId: '',
  kind: 'card',
  attachment: { phase: 'requested' },
  createdAt: '',
};

/** Whether it was taken from its customer, or is about to be. */
const isLeaving = ({ detached, detachments = {} }: PaymentMethod): boolean =>
  detached === true || Object.values(detachments).includes('requested');

export class PaymentMethodNotFound extends Refusal {
  constructor() {
    super('payment_method_not_found', 'not_found', 'the customer has no such payment method; attach it first', {
      field: 'paymentMethodId',
    });
  }
}

export class PaymentMethodNotAttached extends Refusal {
  constructor(method: PaymentMethod) {
    const ended = method.attachment.phase === 'failed' || isLeaving(method);
    const next = ended ? 'attach another' : 'try again when it is attached';
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

const detachmentRank = { requested: 0, failed: 1 };

type Detachment = keyof typeof detachmentRank;

const withDetachment = (method: PaymentMethod, detachId: string, detachment: Detachment): PaymentMethod =>
  changed(method, {
    detachments: joinInto(method.detachments ?? {}, detachId, detachment, (a, b) =>
      detachmentRank[b] > detachmentRank[a] ? b : a,
    ),
  });

const mandateRank = { pending: 0, active: 1, inactive: 2 };

const joinMandate = (a: MandateReported['status'], b: MandateReported['status']): MandateReported['status'] =>
  mandateRank[b] > mandateRank[a] ? b : a;

const withAttachment = (method: PaymentMethod, attachment: Attachment): PaymentMethod =>
  changed(method, { attachment: further(rank, method.attachment, attachment) });

/** Folds one event into the payment method. Attached outlives a late failure, and what is detached stays so. */
export const evolvePaymentMethod = (method: PaymentMethod, event: PaymentMethodEvent): PaymentMethod => {
  switch (event.type) {
    case 'PaymentMethodAttachRequested': {
      const { paymentMethodId, customerId, kind, at } = event;
      return { ...method, paymentMethodId, customerId, kind, createdAt: at };
    }
    case 'PaymentMethodAttached':
      return withAttachment(method, { phase: 'attached', details: event.details });
    case 'PaymentMethodAttachFailed':
      return withAttachment(method, { phase: 'failed', code: event.code, declineCode: event.declineCode });
    case 'PaymentMethodDetachRequested':
      return withDetachment(method, event.detachId, 'requested');
    case 'PaymentMethodDetachFailed':
      return withDetachment(method, event.detachId, 'failed');
    case 'PaymentMethodDetached':
      return changed(method, { detached: true });
    case 'PaymentMethodUpdated':
      return { ...method, attachment: { phase: 'attached', details: event.details } };
    case 'PaymentMethodLookupRequested':
      return changed(method, { lookups: joinInto(method.lookups ?? {}, event.lookupId, true as const, (a) => a) });
    case 'PaymentMethodExpiring':
      return changed(method, {
        expiryNotices: joinInto(method.expiryNotices ?? {}, event.expiresOn, true as const, (a) => a),
      });
    case 'MandateReported': {
      const { processorMandateId, status } = event;
      return changed(method, { mandates: joinInto(method.mandates ?? {}, processorMandateId, status, joinMandate) });
    }
  }
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

/** Records a fact, once: what adds nothing gives []. Throws PaymentMethodNotFound for a method that nobody asked for. */
const record = (method: PaymentMethod, event: PaymentMethodEvent): PaymentMethodEvent[] => {
  if (method.paymentMethodId === '') throw new PaymentMethodNotFound();
  return evolvePaymentMethod(method, event) === method ? [] : [event];
};

/**
 * Records the details that a look has just found: the latest ones stand, for they carry no order of their own. Sealing hides whether they
 * differ, so whoever looks compares them first. Of a method that is not attached it says nothing.
 */
export const recordPaymentMethodUpdate = (
  { details, at }: RecordPaymentMethodUpdated,
  method: PaymentMethod,
): PaymentMethodEvent[] => {
  if (method.paymentMethodId === '') throw new PaymentMethodNotFound();
  const { attachment, detached } = method;
  if (attachment.phase !== 'attached' || detached || attachment.details === details) return [];
  return [{ type: 'PaymentMethodUpdated', details, at }];
};

/**
 * Asks for it to be taken from its customer: from then on it cannot be charged anew. Taken already, or asked for, it gives []. Throws
 * PaymentMethodNotFound, PaymentMethodNotAttached.
 */
export const detachPaymentMethod = (
  { detachId, reason, at }: DetachPaymentMethod,
  method: PaymentMethod,
): PaymentMethodEvent[] => {
  if (method.paymentMethodId === '') throw new PaymentMethodNotFound();
  if (isLeaving(method)) return [];
  if (method.attachment.phase !== 'attached') throw new PaymentMethodNotAttached(method);
  return [{ type: 'PaymentMethodDetachRequested', detachId, ...(reason !== undefined && { reason }), at }];
};

/** Throws PaymentMethodNotFound unless it is the customer's, PaymentMethodNotAttached unless it can be charged. */
export const assertChargeableMethod = (method: PaymentMethod, customerId: string): void => {
  if (method.paymentMethodId === '' || method.customerId !== customerId) throw new PaymentMethodNotFound();
  if (method.attachment.phase !== 'attached' || isLeaving(method)) throw new PaymentMethodNotAttached(method);
};

/** Decides any command of the payment method. Throws PaymentMethodNotFound for a fact about one that nobody asked for. */
export const decidePaymentMethod = (command: PaymentMethodCommand, method: PaymentMethod): PaymentMethodEvent[] => {
  const { at } = command;
  switch (command.type) {
    case 'AttachPaymentMethod':
      return attachPaymentMethod(command, method);
    case 'RecordPaymentMethodAttached':
    case 'RecordPaymentMethodAttachFailed':
      return recordAttachment(command, method);
    case 'DetachPaymentMethod':
      return detachPaymentMethod(command, method);
    case 'RecordPaymentMethodDetachFailed':
      return record(method, {
        type: 'PaymentMethodDetachFailed',
        detachId: command.detachId,
        code: command.code,
        at,
      });
    case 'RecordPaymentMethodExpiring':
      return record(method, { type: 'PaymentMethodExpiring', expiresOn: command.expiresOn, at });
    case 'RecordPaymentMethodDetached':
      return record(method, { type: 'PaymentMethodDetached', at });
    case 'RecordPaymentMethodUpdated':
      return recordPaymentMethodUpdate(command, method);
    case 'RequestPaymentMethodLookup':
      return record(method, {
        type: 'PaymentMethodLookupRequested',
        lookupId: command.lookupId,
        reason: command.reason,
        at,
      });
    case 'RecordMandate':
      return record(method, {
        type: 'MandateReported',
        processorMandateId: command.processorMandateId,
        status: command.status,
        at,
      });
  }
};
