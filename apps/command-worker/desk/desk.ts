import { AccessDenied, assertCommandsHaveActions } from '#access';
import type { CommandSignature, ProducerDirectory } from '#access/producers';
import { SignatureRefused, assertTimely, verifyCommandSignature } from '#access/producers';
import type { CommandContext, Fingerprints } from '#command-handling';
import { commandIdOf, commandTypes } from '#command-handling';
import type { StreamReader, TenantShards } from '#event-store';
import type { Logger } from '#platform/logging';
import type { CommandBus } from '@nestjs/cqrs';

import { appendTimeOf } from '../record/append-time.js';
import { namesHoldCardNumber, recordHoldsCardNumber } from '../record/card-number.js';
import type { CommandRecord, IncomingRecord } from '../record/command-record.js';
import { RecordMalformed, readCommand } from '../record/command-record.js';
import type { CommandOutcome } from '../record/result.js';
import { outcomeOf, resultMessage } from '../record/result.js';
import type { CommandGuardParts, SignedVisit } from './command-guard.js';
import { CommandGuard } from './command-guard.js';
import { actionOf, definitionOf, readBody } from './definition.js';
import { Interrupted, patiently } from './patience.js';
import { isRejection, rejectionOf } from './rejection.js';
import { isContention, isTrouble } from './trouble.js';
import type { DeadLetter, Verdict } from './verdict.js';

export interface DeskParts extends CommandGuardParts {
  bus: CommandBus;
  fingerprints: Fingerprints;
  producers: Pick<ProducerDirectory, 'keyOf'>;
  shards: TenantShards;
  reader: StreamReader;
  logger: Logger;
}

/** How often a fault of ours, or contention, is tried again before the command is answered without it. */
const maxTries = 6;
/** Of so many tries one is logged: about one line a minute. */
const saidEvery = 12;

/** Where a record becomes a command: proved, authorized, checked and carried out as one that comes over HTTP is. */
export class Desk {
  readonly #guard: CommandGuard;

  /** Throws where a command has no row in the table of who may do what, and so stops the boot. */
  constructor(private readonly parts: DeskParts) {
    assertCommandsHaveActions(Object.keys(commandTypes));
    this.#guard = new CommandGuard(parts);
  }

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
      this.#guard.unproved(record, error);
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
    const visit: SignedVisit = { command, producer: signature.producer };
    try {
      return answer(await patiently(() => this.#carryOut(record, visit, signature, commandId), patience));
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      this.#guard.denied(visit, error);
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
    visit: SignedVisit,
    signature: CommandSignature,
    commandId: string,
  ): Promise<CommandOutcome> {
    const { command } = visit;
    const { tenantId, type, subject = '', traceparent } = command;
    const appendedAt = appendTimeOf(record.message);
    if (!appendedAt) throw new SignatureRefused('signature_time_unknown', 'the topic must use LogAppendTime');
    assertTimely(signature, appendedAt);
    const definition = definitionOf(command);
    const { principal } = await this.#guard.admit(visit, actionOf(type), appendedAt);
    const body = await readBody(command.body, definition);
    await this.parts.shards.of(tenantId); // before keys are made for it
    const context: CommandContext = {
      tenantId,
      actor: { type: principal.kind, subject: principal.subject },
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
