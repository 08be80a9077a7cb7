/** What kind of no it is. The outside maps it: invalid 400, conflict 409, unprocessable 422, not_found 404, gone 410. */
export type RefusalKind = 'invalid' | 'conflict' | 'unprocessable' | 'not_found' | 'gone';

export interface RefusalContext {
  /** The command's field at fault. */
  field?: string;
  /** Ids, and amounts in minor units. No personal data. */
  details?: Record<string, string | number>;
}

/**
 * A command that a rule forbids. `code` is stable snake_case; the message says what happened, to which id, and what to do
 * next, and holds no personal data. A refused command has changed nothing.
 */
export class Refusal extends Error {
  readonly field: string | undefined;
  readonly details: Record<string, string | number> | undefined;

  constructor(
    readonly code: string,
    readonly kind: RefusalKind,
    message: string,
    context: RefusalContext = {},
  ) {
    super(message);
    this.name = new.target.name;
    this.field = context.field;
    this.details = context.details;
  }
}
