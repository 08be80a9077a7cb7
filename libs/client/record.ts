import { derivedId } from '#contracts';
import type { IHeaders, Message } from 'kafkajs';

import type { PreparedCommand } from './commands.js';
import type { CommandSigner } from './signature.js';

/** The record of a command: CloudEvents 1.0 in binary mode, signed at `now`. The key is the tenant's id. */
export const recordOf = async (command: PreparedCommand, signer: CommandSigner, now: Date): Promise<Message> => {
  const headers: IHeaders = {
    ce_specversion: '1.0',
    ce_id: command.messageId,
    ce_source: signer.producer,
    ce_type: command.type,
    ce_time: now.toISOString(),
    'content-type': 'application/json',
    ce_schemaversion: '1',
    ce_tenantid: command.tenantId,
    ce_signature: await signer.sign(command, now),
  };
  if (command.subject !== undefined) headers.ce_subject = command.subject;
  if (command.onBehalfOf !== undefined) headers.ce_onbehalfof = command.onBehalfOf;
  if (command.traceparent !== undefined) headers.traceparent = command.traceparent;
  return { key: command.tenantId, value: command.body, headers };
};

/** The id of the command that a message carries: its results are keyed by it, and its events have it as their `causationId`. */
export const commandIdOf = (tenantId: string, producer: string, messageId: string): string =>
  derivedId(tenantId, JSON.stringify(['kafka', producer, messageId]));
