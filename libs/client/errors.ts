import type { CommandResult } from './generated/command-result.js';

/** What this client throws. `code` is stable and is what programs should look at; `messageId` names the command, where there is one. */
export class BillingError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly messageId?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The command is not one that can be sent: nothing left this process. */
export class InvalidCommand extends BillingError {
  constructor(message: string, messageId?: string) {
    super('invalid_command', message, messageId);
  }
}

/** Nobody confirmed that the command is stored: it may be, or not. Send it again with the same `messageId`. */
export class SendFailed extends BillingError {
  constructor(messageId: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : 'no answer in time';
    super('send_failed', `message ${messageId} may not be stored (${why}); send it again with this id`, messageId, {
      cause,
    });
  }
}

/** More commands wait here than may; wait for some to end. Nothing left this process. */
export class TooManyPending extends BillingError {
  constructor(limit: number, messageId: string) {
    super(
      'too_many_pending',
      `${limit} commands are waiting already; send message ${messageId} again later`,
      messageId,
    );
  }
}

/** No result came in time. The command may still be carried out: send it again with the same `messageId` to learn what became of it. */
export class ResultTimeout extends BillingError {
  constructor(messageId: string, timeoutMs: number) {
    super(
      'result_timeout',
      `no result of message ${messageId} within ${timeoutMs} ms; send it again with this id. If none ever comes: is the key registered, and is the ` +
        "topic prefix the service's? Its operator looks into `billing dead-letters list`",
      messageId,
    );
  }
}

/** The command was accepted, and the processor has not answered in time. It still will: read the tenant's events. */
export class NotSettled extends BillingError {
  constructor(messageId: string, timeoutMs: number) {
    super(
      'not_settled',
      `message ${messageId} is not settled after ${timeoutMs} ms; its outcome comes as an event`,
      messageId,
    );
  }
}

/** Results cannot be read, so that nobody can say what becomes of the command. Send it again with the same `messageId`. */
export class ResultsUnavailable extends BillingError {
  constructor(cause: unknown, messageId?: string) {
    const why = cause instanceof Error ? cause.message : 'unknown reason';
    super('results_unavailable', `the results of commands cannot be read: ${why}`, messageId, { cause });
  }
}

/** The command was refused, here (then it has changed nothing) or by the processor. `code` is that of the HTTP API, such as `refund_exceeds_captured`. */
export class CommandRejected extends BillingError {
  /** The field of the body to look at first. */
  readonly field: string | undefined;

  constructor(readonly result: CommandResult) {
    const { code, detail, field } = result.error ?? {
      code: 'rejected',
      detail: 'no reason was given',
      field: undefined,
    };
    super(code, `${result.type} was rejected: ${detail}`, result.messageId);
    this.field = field;
  }
}

/** The HTTP API said no, with a problem document (RFC 9457). */
export class HttpProblem extends BillingError {
  constructor(
    readonly status: number,
    code: string,
    detail: string,
    /** Names the request in the service's logs. */
    readonly requestId: string | undefined,
  ) {
    super(code, `${status}: ${detail}`);
  }
}

/** The HTTP API could not be reached, or did not answer in time, after several tries. */
export class HttpUnavailable extends BillingError {
  constructor(url: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : 'no answer in time';
    super('http_unavailable', `${url} cannot be reached: ${why}`, undefined, { cause });
  }
}

/** The client was closed. A command that was on its way may be stored or not. */
export class ClientClosed extends BillingError {
  constructor(messageId?: string) {
    super('client_closed', 'the client was closed', messageId);
  }
}
