import { InvalidCommand } from './errors.js';
import type { CommandBodies } from './generated/commands.js';

export type CommandType = keyof CommandBodies;

/** The field that says what a command is about; undefined where it makes something new. */
export const subjects = {
  CreateCustomer: undefined,
  SetDefaultPaymentMethod: 'customerId',
  AttachPaymentMethod: 'customerId',
  DetachPaymentMethod: 'paymentMethodId',
  CreateSetupIntent: undefined,
  CreatePayment: undefined,
  ConfirmPayment: 'paymentId',
  CapturePayment: 'paymentId',
  CancelPayment: 'paymentId',
  RefundPayment: 'paymentId',
  SubmitDisputeEvidence: 'disputeId',
} as const satisfies Record<CommandType, 'customerId' | 'paymentMethodId' | 'paymentId' | 'disputeId' | undefined>;

interface Addressed {
  /** UUID of the tenant. The producer has to be registered for it. */
  tenantId: string;
  /**
   * 1 to 255 printable ASCII characters, the idempotency key: a message of the same id and body again changes nothing and gets the
   * result of the first. Left out: a new one is made; keep that of the answer for a repeat.
   */
  messageId?: string;
  /** W3C trace context, to be carried into the events. */
  traceparent?: string;
}

/** What a service may not do by itself: it forwards the access token of a person, with step-up. Never logged or stored by this client. */
type Behalf<T extends CommandType> = T extends 'RefundPayment' ? { onBehalfOf: string } : { onBehalfOf?: string };
type Subject<T extends CommandType> = (typeof subjects)[T] extends string
  ? Record<(typeof subjects)[T], string>
  : unknown;
type Body<T extends CommandType> =
  Record<never, never> extends CommandBodies[T] ? { body?: CommandBodies[T] } : { body: CommandBodies[T] };

/** A command of one type, such as `CommandOf<'CreatePayment'>`. */
export type CommandOf<T extends CommandType> = Addressed & { type: T } & Subject<T> & Body<T> & Behalf<T>;

/** Everything that can be asked for. */
export type Command = { [T in CommandType]: CommandOf<T> }[CommandType];

/** A command ready to be signed. */
export interface PreparedCommand {
  type: CommandType;
  messageId: string;
  tenantId: string;
  subject: string | undefined;
  /** JSON, as it is signed and sent. */
  body: Buffer;
  onBehalfOf: string | undefined;
  traceparent: string | undefined;
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const messageIdForm = /^[!-~]{1,255}$/;
const largestBody = 64 * 1024;

/** Reads a command as it is to be sent. Throws InvalidCommand for what the service could only set aside. */
export const prepare = (command: Command, messageId: string): PreparedCommand => {
  if (!messageIdForm.test(messageId)) {
    throw new InvalidCommand('messageId must be 1 to 255 printable ASCII characters without spaces');
  }
  if (!Object.hasOwn(subjects, command.type))
    throw new InvalidCommand(`there is no command ${command.type}`, messageId);
  const field = subjects[command.type];
  const subject = field === undefined ? undefined : (command as Partial<Record<typeof field, string>>)[field];
  const ids = { tenantId: command.tenantId, ...(field !== undefined && { [field]: subject }) };
  for (const [name, id] of Object.entries(ids)) {
    if (typeof id !== 'string' || !uuidForm.test(id)) throw new InvalidCommand(`${name} must be a UUID`, messageId);
  }
  const body = Buffer.from(JSON.stringify(command.body ?? {}));
  if (body.length > largestBody) throw new InvalidCommand('the body is larger than 64 KiB', messageId);
  return {
    type: command.type,
    messageId,
    tenantId: command.tenantId.toLowerCase(),
    subject: subject?.toLowerCase(),
    body,
    onBehalfOf: command.onBehalfOf,
    traceparent: command.traceparent,
  };
};
