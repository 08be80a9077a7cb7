import type { CommandContext } from '../context.js';
import { idFrom } from '../idempotency.js';

/** A step of a command on a stream of its own: under an id of its own, so that a repeat finds it done. */
export const stepOf = (context: CommandContext, step: string): CommandContext => ({
  ...context,
  commandId: idFrom(context.commandId, step),
});
