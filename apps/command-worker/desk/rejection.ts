import { AccessDenied } from '#access';
import { SignatureRefused } from '#access/producers';
import { ClaimHeld, IdempotencyKeyReused, InvalidInput, ReadModelBehind, TenantUnknown } from '#command-handling';
import { Refusal } from '#domain';
import { UnknownTenant } from '#event-store';

import type { Rejection } from '../record/result.js';

/** A command of a type, version or subject that there is not. */
export class CommandUnknown extends Error {
  constructor(
    readonly code: 'unknown_command_type' | 'unknown_command_version' | 'invalid_subject' | 'body_too_large',
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** Something is wrong with us, again and again, when it comes to this one command. */
const internal: Rejection = {
  code: 'internal_error',
  detail: 'something went wrong on our side and nothing was written; the operator has the details',
};

/** What its sender is told, and whether the command is set aside as well: malformed and unauthorized ones are, refused ones are not. */
export const rejectionOf = (thrown: unknown): { rejection: Rejection; setAside: boolean } => {
  const error = thrown instanceof UnknownTenant ? new TenantUnknown(thrown.tenantId) : thrown;
  if (error instanceof CommandUnknown)
    return { rejection: { code: error.code, detail: error.message, field: error.field }, setAside: true };
  if (error instanceof SignatureRefused || error instanceof AccessDenied)
    return { rejection: { code: error.code, detail: error.message }, setAside: true };
  if (error instanceof IdempotencyKeyReused)
    return {
      rejection: {
        code: error.code,
        detail: 'this message id was used with another command; take a new one for this one',
        field: 'ce_id',
      },
      setAside: true,
    };
  if (error instanceof Refusal) {
    const { code, message: detail, field } = error;
    const setAside = error instanceof InvalidInput || error instanceof TenantUnknown;
    return { rejection: { code, detail, ...(field !== undefined && { field }) }, setAside };
  }
  if (error instanceof ClaimHeld)
    return {
      rejection: { code: `${error.rule}_taken`, detail: 'another one has this value already' },
      setAside: false,
    };
  if (error instanceof ReadModelBehind)
    return { rejection: { code: 'read_model_behind', detail: error.message }, setAside: false };
  return { rejection: internal, setAside: true };
};

/** Whether a failure is a no, and not a fault. */
export const isRejection = (error: unknown): boolean => rejectionOf(error).rejection !== internal;
