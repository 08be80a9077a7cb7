import type { TokenVerifier } from '#access';
import { AccessDenied } from '#access';
import type { CommandSignature, ProducerDirectory } from '#access/producers';
import { SignatureRefused, assertTimely, commandCaller, verifyCommandSignature } from '#access/producers';
import type { CommandContext, CommandDefinition, Fingerprints } from '#command-handling';
import { bodyLimitBytes, bodyOf, commandIdOf, commandTypes, isCommandType, validation } from '#command-handling';
import type { StreamReader, TenantShards } from '#event-store';
import type { Logger } from '#platform/logging';
import type { CommandBus } from '@nestjs/cqrs';

import { appendTimeOf } from '../record/append-time.js';
import { namesHoldCardNumber, recordHoldsCardNumber } from '../record/card-number.js';
import type { CommandRecord, IncomingRecord } from '../record/command-record.js';
import { RecordMalformed, readCommand } from '../record/command-record.js';
import type { CommandOutcome } from '../record/result.js';
import { outcomeOf, resultMessage } from '../record/result.js';
import { CommandUnknown, isRejection, rejectionOf } from './rejection.js';
import { isContention, isTrouble } from './trouble.js';
import { Interrupted, patiently } from './patience.js';
import type { DeadLetter, Verdict } from './verdict.js';

export interface DeskParts {
  bus: CommandBus;
  fingerprints: Fingerprints;
  producers: Pick<ProducerDirectory, 'keyOf'>;
  verifier: Pick<TokenVerifier, 'verifyAsOf'>;
  shards: TenantShards;
  reader: StreamReader;
  logger: Logger;
}

/** How often a fault of ours, or contention, is tried again before the command is answered without it. */
const maxTries = 6;
/** Of so many tries one is logged: about one line a minute. */
const saidEvery = 12;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const pipe = validation();

/** Where a record becomes a command: proved, authorized, checked and carried out as one that comes over HTTP is. */
export class Desk {
  constructor(private readonly parts: DeskParts) {}

  /**
   * What becomes of a record. Whatever is wrong with the record is in the verdict; waits out whatever is wrong around us, as long as
   * it lasts. Throws Interrupted when `signal` ends the waiting.
   */
  async take(record: IncomingRecord, signal: AbortSignal): Promise<Verdict> {
    let command: CommandRecord;
    let signature: CommandSignature;
    try {
      // A card number in an id would go out again with the answer.
      if (namesHoldCardNumber(record)) throw new RecordMalformed(...cardNumber);
      command = readCommand(record);
      const again = this.#again(record);
      signature = await patiently(() => verifyCommandSignature(this.parts.producers, command), { signal, again });
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      // Nobody is answered: the answer would be keyed by the id of a command that somebody else may have sent, and would tell its
      // real sender that it was rejected.
      return { outcome: 'set_aside', letter: this.#letter(record, error) };
    }
    return this.#answer(record, command, signature, signal);
  }

  /** The verdict on a command that its producer did sign. */
  async #answer(
    record: IncomingRecord,
    command: CommandRecord,
    signature: CommandSignature,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const commandId = commandIdOf(command.tenantId, 'kafka', command.producer, command.messageId);
    const place = `${record.partition}:${record.message.offset}`;
    const answer = (outcome: CommandOutcome): Verdict => ({
      outcome: outcome.outcome,
      reply: resultMessage(command, commandId, place, outcome),
    });
    const patience = { signal, again: this.#again(record) };
    try {
      return answer(await patiently(() => this.#carryOut(record, command, signature, commandId), patience));
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      const { rejection, setAside } = rejectionOf(error);
      const rejected = answer({ outcome: 'rejected', error: rejection });
      if (!setAside) return rejected;
      const letter = this.#letter(record, error);
      // A record that is played again after its time, or after its producer's rights have changed, takes nothing back from the first.
      const replay = error instanceof SignatureRefused || error instanceof AccessDenied || !isRejection(error);
      if (replay && (await patiently(() => this.#wasAccepted(command, commandId), patience)))
        return { outcome: 'set_aside', letter };
      return { ...rejected, letter };
    }
  }

  #letter(record: IncomingRecord, error: unknown): DeadLetter {
    const { partition, message } = record;
    if (recordHoldsCardNumber(record)) return { record, reason: cardNumber[0], detail: cardNumber[1] };
    if (error instanceof RecordMalformed) return { record, reason: error.reason, detail: error.message };
    const { code, detail } = rejectionOf(error).rejection;
    if (!isRejection(error))
      this.parts.logger.error({ err: error, partition, offset: message.offset }, 'a command failed');
    return { record, reason: code, detail };
  }

  async #carryOut(
    record: IncomingRecord,
    command: CommandRecord,
    signature: CommandSignature,
    commandId: string,
  ): Promise<CommandOutcome> {
    const { tenantId, type, subject = '', onBehalfOf, traceparent } = command;
    const appendedAt = appendTimeOf(record.message);
    if (!appendedAt) throw new SignatureRefused('signature_time_unknown', 'the topic must use LogAppendTime');
    assertTimely(signature, appendedAt);
    const definition = definitionOf(command);
    const { producer } = signature;
    const { scope } = definition;
    const actor = await commandCaller({ producer, tenantId, scope, onBehalfOf, appendedAt }, this.parts.verifier);
    const body = await readBody(command.body, definition);
    await this.parts.shards.of(tenantId); // before keys are made for it
    const context: CommandContext = {
      tenantId,
      actor,
      commandId,
      fingerprint: await this.parts.fingerprints.of(tenantId, 'COMMAND', `${type}/${subject}`, body),
      at: appendedAt.toISOString(),
      waitMs: 0, // the outcome comes as an event: nobody behind this command waits for the processor
      ...(traceparent !== undefined && { traceparent }),
    };
    return outcomeOf(definition, context, await this.parts.bus.execute(definition.command(context, subject, body)));
  }

  /** Whether a failure is to be tried again: for ever where it is about us, and that is said now and then; else a few times at most. */
  #again({ partition, message: { offset } }: IncomingRecord): (error: unknown, tries: number) => boolean {
    return (error, tries) => {
      if (!isTrouble(error)) return tries < maxTries && (isContention(error) || !isRejection(error));
      if (tries % saidEvery === 3)
        this.parts.logger.warn({ partition, offset, tries, error: String(error) }, 'a command waits');
      return true;
    };
  }

  async #wasAccepted({ tenantId }: CommandRecord, commandId: string): Promise<boolean> {
    try {
      const shard = await this.parts.shards.of(tenantId);
      return (await this.parts.reader.read({ tenantId, shard, commandId })).past !== undefined;
    } catch (error) {
      if (isRejection(error)) return false; // no such tenant
      throw error;
    }
  }
}

const cardNumber: [reason: 'raw_card_data', detail: string] = [
  'raw_card_data',
  'the record holds what looks like a card number',
];

const definitionOf = ({ type, schemaVersion, subject }: CommandRecord): CommandDefinition => {
  if (!isCommandType(type))
    throw new CommandUnknown('unknown_command_type', 'ce_type', 'there is no command of this type');
  const definition = commandTypes[type];
  if (String(definition.version) !== schemaVersion)
    throw new CommandUnknown(
      'unknown_command_version',
      'ce_schemaversion',
      `${type} has the version ${definition.version}`,
    );
  if (definition.subject === undefined && subject !== undefined)
    throw new CommandUnknown('invalid_subject', 'ce_subject', `${type} makes something new and has no subject`);
  if (definition.subject !== undefined && !uuid.test(subject ?? ''))
    throw new CommandUnknown(
      'invalid_subject',
      'ce_subject',
      `the subject of ${type} is the id of a ${definition.subject}, a UUID in lower case`,
    );
  return definition;
};

/** The body as the DTO of its command, by the rules of HTTP. Throws CommandUnknown and InvalidInput. */
const readBody = async (bytes: Buffer, { dto }: CommandDefinition): Promise<object> => {
  if (bytes.length > bodyLimitBytes)
    throw new CommandUnknown('body_too_large', 'body', 'the body is larger than 64 KiB');
  return (await pipe.transform(bodyOf(bytes), { type: 'body', metatype: dto })) as object;
};
