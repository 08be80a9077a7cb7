import type { SettlementWanted } from '#command-handling/facts';
import type { RecordedEvent } from '#contracts';
import { derivedId, parseStreamId } from '#contracts';
import type { ConnectedAccountLinked, ConnectedAccountLookupRequested } from '#domain/connected-account';
import type { CustomerCreated } from '#domain/customer';
import type {
  CancelRequested,
  CaptureRequested,
  ConfirmationTokenPresented,
  DisputeEvidenceRequested,
  PaymentActionFinished,
  PaymentLookupRequested,
  PaymentRequested,
  RefundRequested,
} from '#domain/payment';
import type {
  PaymentMethodAttachRequested,
  PaymentMethodDetachRequested,
  PaymentMethodLookupRequested,
} from '#domain/payment-method';
import type { SetupIntentLookupRequested, SetupIntentRequested } from '#domain/setup-intent';

/** What the gateway is asked for: the event that asks, as it stands in the log, or a settlement that is still to come. */
export type CallRequest =
  | CustomerCreated
  | PaymentMethodAttachRequested
  | PaymentMethodDetachRequested
  | SetupIntentRequested
  | ConfirmationTokenPresented
  | PaymentRequested
  | PaymentActionFinished
  | CaptureRequested
  | CancelRequested
  | RefundRequested
  | DisputeEvidenceRequested
  | PaymentLookupRequested
  | PaymentMethodLookupRequested
  | SetupIntentLookupRequested
  | ConnectedAccountLinked
  | ConnectedAccountLookupRequested
  | SettlementWanted;

/** A call to the processor that is not finished. Its id is that of the event that asked for it. */
export interface Call<R extends CallRequest = CallRequest> {
  tenantId: string;
  callId: string;
  shard: number;
  streamId: string;
  request: R;
  idempotencyKey: string;
  correlationId: string;
  traceparent?: string;
  createdAt: Date;
}

/** A call in the hands of this process until its lease ends. */
export interface TakenCall<R extends CallRequest = CallRequest> extends Call<R> {
  firstSentAt: Date;
  /** Until then the call is this process's own. */
  leaseUntil: Date;
  tries: number;
  faults: number;
  /** Whether an earlier sending may have been executed. */
  unknown: boolean;
  /** The token that was sent is gone: the processor's own stands in its place. */
  tokenReplaced: boolean;
  /** It was looked for and not found once before, and put back since the API key has changed: see `keyChanged`. */
  waitedForKey: boolean;
  /** The whole stream as it was when the call was asked for, where that is at hand. Only for a call never sent before. */
  seed?: readonly RecordedEvent[];
}

/**
 * Why a call waits whose outcome is unknown, and that may have been sent with another API key: until what was on its way then has ended
 * at the processor.
 */
export const keyChanged = 'api_key_changed';

const operations = {
  CustomerCreated: 'customer',
  PaymentMethodAttachRequested: 'payment_method',
  PaymentMethodDetachRequested: 'payment_method_detach',
  SetupIntentRequested: 'setup_intent',
  ConfirmationTokenPresented: 'confirmation_token',
  PaymentRequested: 'payment',
  PaymentActionFinished: 'payment_action',
  CaptureRequested: 'capture',
  CancelRequested: 'cancel',
  RefundRequested: 'refund',
  DisputeEvidenceRequested: 'evidence',
  SettlementWanted: 'settlement',
  PaymentLookupRequested: 'payment_lookup',
  PaymentMethodLookupRequested: 'payment_method_lookup',
  SetupIntentLookupRequested: 'setup_intent_lookup',
  ConnectedAccountLinked: 'connected_account_lookup',
  ConnectedAccountLookupRequested: 'connected_account_lookup',
} as const satisfies Record<CallRequest['type'], string>;

export type OperationName = (typeof operations)[CallRequest['type']];

/** The operation's name, for the table, metrics and logs. */
export const operationOf = ({ request }: Call): OperationName => operations[request.type];

const asksForCall = (event: { type: string }): event is CallRequest =>
  event.type !== 'SettlementWanted' && Object.hasOwn(operations, event.type);

/** What the key is of, within environment and tenant. A storage format: the processor remembers keys for a day. */
const keyOf = (request: CallRequest, id: string): string => {
  switch (request.type) {
    case 'CustomerCreated':
      return `customer:${id}`;
    case 'PaymentMethodAttachRequested':
      return `payment_method:${id}`;
    case 'PaymentMethodDetachRequested':
      return `payment_method:${id}:detach:${request.detachId}`;
    case 'SetupIntentRequested':
      return `setup_intent:${id}`;
    case 'ConfirmationTokenPresented':
      return `payment:${id}:confirmation:${request.confirmationId}`;
    case 'PaymentRequested':
      return `payment:${id}:attempt:${request.attempt}`;
    case 'PaymentActionFinished':
      return `payment:${id}:attempt:${request.attempt}:action:${request.actionId}`;
    case 'CaptureRequested':
      return `payment:${id}:capture:${request.captureId}`;
    case 'CancelRequested':
      return `payment:${id}:cancel:${request.cancelId}`;
    case 'RefundRequested':
      return `payment:${id}:refund:${request.refundId}`;
    case 'DisputeEvidenceRequested':
      return `payment:${id}:evidence:${request.evidenceId}`;
    case 'PaymentLookupRequested':
      return `payment:${id}:lookup:${request.lookupId}`;
    case 'PaymentMethodLookupRequested':
      return `payment_method:${id}:lookup:${request.lookupId}`;
    case 'SetupIntentLookupRequested':
      return `setup_intent:${id}:lookup:${request.lookupId}`;
    case 'ConnectedAccountLinked':
      return `connected_account:${id}:lookup:linked`;
    case 'ConnectedAccountLookupRequested':
      return `connected_account:${id}:lookup:${request.lookupId}`;
    case 'SettlementWanted':
      return `payment:${id}:settlement:${request.sourceId}`;
  }
};

/** The call that an event asks for; undefined for an event that asks for none. */
export const callOf = (recorded: RecordedEvent, environment: string, at: Date): Call | undefined => {
  const { event, tenantId, eventId, shard, streamId, metadata } = recorded;
  if (!asksForCall(event)) return undefined;
  return {
    tenantId,
    callId: eventId,
    shard,
    streamId,
    request: event,
    idempotencyKey: `${environment}:${tenantId}:${keyOf(event, parseStreamId(streamId).id)}`,
    correlationId: metadata.correlationId,
    traceparent: metadata.traceparent,
    createdAt: at,
  };
};

/** The call that fetches a settlement after `call`. Its id derives, so that it is asked for once. */
export const settlementCallOf = (call: Call, request: SettlementWanted, at: Date): Call => ({
  ...call,
  callId: derivedId(call.callId, `settlement of ${request.sourceId}`),
  request,
  idempotencyKey: `${call.idempotencyKey}:settlement`,
  createdAt: at,
});
