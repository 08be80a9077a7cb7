import type { Answer, CommandDefinition, CommandResource } from '#command-handling';
import { derivedId } from '#contracts';
import type { Message } from 'kafkajs';

import type { CommandRecord } from './command-record.js';

/** Why a command was rejected; `code` is that of the problem document over HTTP. */
export interface Rejection {
  code: string;
  detail: string;
  field?: string;
}

/** What became of a command, as its sender reads it. No personal data. */
export interface CommandOutcome {
  outcome: 'accepted' | 'rejected' | 'duplicate';
  resource?: CommandResource;
  version?: number;
  /** `shard:position`, as Billing-Min-Position takes it. */
  position?: string;
  settled?: boolean;
  error?: Rejection;
}

/** The outcome of a command that was carried out, now or when it first came. */
export const outcomeOf = (
  definition: CommandDefinition,
  context: Parameters<CommandDefinition['resource']>[0],
  answer: Answer<unknown>,
): CommandOutcome => {
  const error = definition.refused?.(answer);
  return {
    outcome: answer.replayed ? 'duplicate' : 'accepted',
    resource: definition.resource(context, answer),
    version: answer.version,
    ...(answer.position > 0 && { position: `${answer.shard}:${answer.position}` }),
    settled: answer.settled,
    ...(error && { error }),
  };
};

const eventTypes = {
  accepted: 'CommandAccepted',
  rejected: 'CommandRejected',
  duplicate: 'CommandDuplicate',
} as const;

/**
 * The record of billing.command-results.v1 for a command that came at `place`: CloudEvents 1.0 in binary mode, keyed by the command's
 * id. Published twice it has the same `ce_id`.
 */
export const resultMessage = (
  command: CommandRecord,
  commandId: string,
  place: string,
  outcome: CommandOutcome,
): Message => ({
  key: commandId,
  value: JSON.stringify({ messageId: command.messageId, commandId, type: command.type, ...outcome }),
  headers: {
    ce_specversion: '1.0',
    ce_id: derivedId(commandId, place),
    ce_source: '/billing-service',
    ce_type: eventTypes[outcome.outcome],
    ce_subject: command.messageId,
    ce_tenantid: command.tenantId,
    ce_producer: command.producer,
    ce_time: new Date().toISOString(),
    'content-type': 'application/json',
    ...(command.traceparent !== undefined && { traceparent: command.traceparent }),
  },
});
