import { isResting, streamIdOf } from '#contracts';
import type { Aggregate } from '#contracts';

import type { PreparedCommand } from './commands.js';
import type { BillingEvent } from './events.js';
import { readEvents } from './events.js';
import type { CommandResult } from './generated/command-result.js';
import type { Http } from './http.js';

const aggregates: Readonly<Record<string, Aggregate>> = {
  customer: 'customer',
  payment_method: 'payment_method',
  payment: 'payment',
};

/** The stream in which a command's events are; undefined for a result of a newer service that speaks of something else. */
const streamOf = ({ subject, type }: PreparedCommand, { resource }: CommandResult): string | undefined => {
  if (type === 'RefundPayment') return streamIdOf('payment', subject ?? '');
  const aggregate = aggregates[resource?.type ?? ''];
  return resource && aggregate && streamIdOf(aggregate, resource.id);
};

/**
 * The event that settled an accepted command: what the processor has said, or the command's own last event where it had nothing to say.
 * Undefined where nothing had to change; `unknown` when `signal` aborts before it is there. Throws what reading events throws.
 */
export const settlingEvent = async (
  http: Http,
  command: PreparedCommand,
  result: CommandResult,
  signal: AbortSignal,
): Promise<BillingEvent | undefined | 'unknown'> => {
  const streamId = streamOf(command, result);
  if (streamId === undefined) return undefined;
  const { commandId } = result;
  const where = { streamId, tenantId: command.tenantId, signal };
  if (result.settled === true) {
    const event = await lastWord(readEvents(http, where), commandId);
    return signal.aborted ? 'unknown' : event;
  }
  for await (const event of readEvents(http, { ...where, follow: true })) {
    if (isAnswer(event, commandId)) return event;
  }
  return 'unknown';
};

/** Whether an event of another's making, such as the processor's word, settles the command that it was caused by. */
const isAnswer = ({ type, metadata }: BillingEvent, commandId: string): boolean =>
  isResting(type) && metadata.correlationId === commandId && metadata.causationId !== commandId;

/** In a stream that has all of the story: the command's own last event if that says it all, else the first answer to it. */
const lastWord = async (events: AsyncIterable<BillingEvent>, commandId: string): Promise<BillingEvent | undefined> => {
  let own: BillingEvent | undefined;
  for await (const event of events) {
    if (event.metadata.causationId === commandId) own = event;
    else if (own && isResting(own.type)) return own;
    else if (isAnswer(event, commandId)) return event;
  }
  return own;
};
