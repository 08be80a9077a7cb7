import type { Customer } from '#domain/customer';
import type { PaymentMethod } from '#domain/payment-method';
import type { SetupIntent } from '#domain/setup-intent';
import type { DisputedPayment } from '#projections/disputes';
import type { ShownPayment } from '#projections/payments';
import type { Type } from '@nestjs/common';
import type { Command } from '@nestjs/cqrs';

import type { CommandContext } from './context.js';
import {
  CreateCustomerCommand,
  CreateCustomerDto,
  SetDefaultPaymentMethodCommand,
  SetDefaultPaymentMethodDto,
} from './customer/index.js';
import { SubmitDisputeEvidenceCommand, SubmitDisputeEvidenceDto } from './dispute/index.js';
import type { Answer } from './executor.js';
import {
  AttachPaymentMethodCommand,
  AttachPaymentMethodDto,
  DetachPaymentMethodCommand,
  DetachPaymentMethodDto,
} from './payment-method/index.js';
import { CreateSetupIntentCommand, CreateSetupIntentDto } from './setup-intent/index.js';
import {
  CancelPaymentCommand,
  CancelPaymentDto,
  CapturePaymentCommand,
  CapturePaymentDto,
  ConfirmPaymentCommand,
  ConfirmPaymentDto,
  CreatePaymentCommand,
  CreatePaymentDto,
  RefundPaymentCommand,
  RefundPaymentDto,
  refundIdOf,
} from './payment/index.js';

/** The commands that other services may publish. These words are `ce_type` of billing.commands.v1: add, never rename. */
export type CommandType =
  | 'CreateCustomer'
  | 'SetDefaultPaymentMethod'
  | 'AttachPaymentMethod'
  | 'DetachPaymentMethod'
  | 'CreateSetupIntent'
  | 'CreatePayment'
  | 'ConfirmPayment'
  | 'CapturePayment'
  | 'CancelPayment'
  | 'RefundPayment'
  | 'SubmitDisputeEvidence';

/** What a command made or changed, as the one who sent it asks for it later. */
export interface CommandResource {
  type: 'customer' | 'payment_method' | 'setup_intent' | 'payment' | 'refund';
  id: string;
}

/** What the processor did not do; `code` is that of the problem document over HTTP. */
export interface ProcessorRefusal {
  code: string;
  detail: string;
}

/** All that an edge needs to take in one type of command: what its body is, and what it becomes. Whom it is open to says `actions`. */
export interface CommandDefinition {
  /** Of the body's schema (`ce_schemaversion`). */
  version: 1;
  dto: Type<object>;
  /** What the command is about (`ce_subject`, an id); undefined where it makes something new. */
  subject: 'customer' | 'payment_method' | 'payment' | 'dispute' | undefined;
  /** The command for the bus. `subject` is an id in lower case, empty where the type has none; `body` an instance of `dto`. */
  command(context: CommandContext, subject: string, body: object): Command<Answer<unknown>>;
  /** What the answer to that command is about. */
  resource(context: CommandContext, answer: Answer<unknown>): CommandResource;
  /** Where the processor has refused what the command was there for. A declined charge is not that: it is a failed payment. */
  refused?(answer: Answer<unknown>): ProcessorRefusal | undefined;
}

/** A definition whose functions agree on the body and on what the command is answered with. */
const define = <Body extends object, State>(
  definition: Omit<CommandDefinition, 'version' | 'dto' | 'command' | 'resource' | 'refused'> & {
    dto: Type<Body>;
    command(context: CommandContext, subject: string, body: Body): Command<Answer<State>>;
    resource(context: CommandContext, answer: Answer<State>): CommandResource;
    refused?(answer: Answer<State>): ProcessorRefusal | undefined;
  },
): CommandDefinition => ({ version: 1, ...definition });

const paymentOf = (_: CommandContext, { state }: Answer<ShownPayment | DisputedPayment>): CommandResource => ({
  type: 'payment',
  id: state.paymentId,
});

const processorRefused = (code: string): ProcessorRefusal => ({
  code,
  detail: 'the processor refused; read the payment to see how it stands',
});

/** The table of all commands, by type: what `apps/command-worker` takes in and what the published JSON Schemas are made from. */
export const commandTypes: Readonly<Record<CommandType, CommandDefinition>> = {
  CreateCustomer: define<CreateCustomerDto, Customer>({
    dto: CreateCustomerDto,
    subject: undefined,
    command: (context, _, body) => new CreateCustomerCommand(context, body),
    resource: (_, { state }) => ({ type: 'customer', id: state.customerId }),
  }),
  SetDefaultPaymentMethod: define<SetDefaultPaymentMethodDto, Customer>({
    dto: SetDefaultPaymentMethodDto,
    subject: 'customer',
    command: (context, customerId, body) => new SetDefaultPaymentMethodCommand(context, customerId, body),
    resource: (_, { state }) => ({ type: 'customer', id: state.customerId }),
  }),
  AttachPaymentMethod: define<AttachPaymentMethodDto, PaymentMethod>({
    dto: AttachPaymentMethodDto,
    subject: 'customer',
    command: (context, customerId, body) => new AttachPaymentMethodCommand(context, customerId, body),
    resource: (_, { state }) => ({ type: 'payment_method', id: state.paymentMethodId }),
    refused: ({ state: { attachment } }) =>
      attachment.phase === 'failed'
        ? { code: attachment.code, detail: 'the processor refused this payment method; ask the payer for another' }
        : undefined,
  }),
  DetachPaymentMethod: define<DetachPaymentMethodDto, PaymentMethod>({
    dto: DetachPaymentMethodDto,
    subject: 'payment_method',
    command: (context, paymentMethodId, body) => new DetachPaymentMethodCommand(context, paymentMethodId, body),
    resource: (_, { state }) => ({ type: 'payment_method', id: state.paymentMethodId }),
    refused: ({ settledBy }) =>
      settledBy?.type === 'PaymentMethodDetachFailed' ? processorRefused('detach_failed') : undefined,
  }),
  CreateSetupIntent: define<CreateSetupIntentDto, SetupIntent>({
    dto: CreateSetupIntentDto,
    subject: undefined,
    command: (context, _, body) => new CreateSetupIntentCommand(context, body),
    resource: (_, { state }) => ({ type: 'setup_intent', id: state.setupIntentId }),
    refused: ({ state: { stage } }) =>
      stage.phase === 'failed'
        ? { code: stage.code, detail: 'the processor refused this payment method; ask the payer for another' }
        : undefined,
  }),
  CreatePayment: define<CreatePaymentDto, ShownPayment>({
    dto: CreatePaymentDto,
    subject: undefined,
    command: (context, _, body) => new CreatePaymentCommand(context, body),
    resource: paymentOf,
  }),
  ConfirmPayment: define<ConfirmPaymentDto, ShownPayment>({
    dto: ConfirmPaymentDto,
    subject: 'payment',
    command: (context, paymentId, body) => new ConfirmPaymentCommand(context, paymentId, body),
    resource: paymentOf,
  }),
  CapturePayment: define<CapturePaymentDto, ShownPayment>({
    dto: CapturePaymentDto,
    subject: 'payment',
    command: (context, paymentId, body) => new CapturePaymentCommand(context, paymentId, body),
    resource: paymentOf,
    refused: ({ settledBy }) => (settledBy?.type === 'CaptureFailed' ? processorRefused('capture_failed') : undefined),
  }),
  CancelPayment: define<CancelPaymentDto, ShownPayment>({
    dto: CancelPaymentDto,
    subject: 'payment',
    command: (context, paymentId, body) => new CancelPaymentCommand(context, paymentId, body),
    resource: paymentOf,
    refused: ({ settledBy }) => (settledBy?.type === 'CancelFailed' ? processorRefused('cancel_failed') : undefined),
  }),
  RefundPayment: define<RefundPaymentDto, ShownPayment>({
    dto: RefundPaymentDto,
    subject: 'payment',
    command: (context, paymentId, body) => new RefundPaymentCommand(context, paymentId, body),
    resource: (context) => ({ type: 'refund', id: refundIdOf(context) }),
  }),
  SubmitDisputeEvidence: define<SubmitDisputeEvidenceDto, DisputedPayment>({
    dto: SubmitDisputeEvidenceDto,
    subject: 'dispute',
    command: (context, disputeId, body) => new SubmitDisputeEvidenceCommand(context, disputeId, body),
    resource: paymentOf,
    refused: ({ settledBy }) =>
      settledBy?.type === 'DisputeEvidenceFailed' ? processorRefused('evidence_failed') : undefined,
  }),
};

/** Whether a word is the type of a command. */
export const isCommandType = (word: string): word is CommandType => Object.hasOwn(commandTypes, word);
