import type { RefusalKind } from '#domain';
import { Refusal } from '#domain';

/** What is wrong with one field of a request. */
export interface FieldError {
  field: string;
  code: string;
  message: string;
}

/** What came in cannot be read as a command. `errors` lists every wrong field where several can be told at once. */
export class InvalidInput extends Refusal {
  constructor(
    kind: Extract<RefusalKind, 'invalid' | 'unprocessable'>,
    code: string,
    message: string,
    field: string,
    readonly errors?: readonly FieldError[],
  ) {
    super(code, kind, message, { field });
  }
}
