import type { Answer, CommandContext } from '#command-handling';
import { Fingerprints, commandIdOf } from '#command-handling';
import { TenantShards } from '#event-store';
import { holdsCardNumber } from '#platform/logging';
import { Injectable } from '@nestjs/common';
import type { Command } from '@nestjs/cqrs';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Caller } from './caller.js';
import { ProblemError } from './problem.js';
import { waitOf } from './prefer.js';

const keyForm = /^[\x21-\x7e]{1,255}$/;
const traceparentForm = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The way from an HTTP request to a command: key, fingerprint, clock and patience. The same command always has the same id. */
@Injectable()
export class CommandGate {
  constructor(
    private readonly bus: CommandBus,
    private readonly fingerprints: Fingerprints,
    private readonly shards: TenantShards,
  ) {}

  /**
   * The context of a command that `request` asks for. Throws ProblemError for a missing or malformed Idempotency-Key or Prefer,
   * UnknownTenant for a tenant that was never created here.
   */
  async contextOf(request: FastifyRequest, { principal, tenantId }: Caller, body: unknown): Promise<CommandContext> {
    const path = request.url.split('?', 1)[0] ?? request.url;
    const { subject, kind } = principal;
    const key = idempotencyKeyOf(request);
    await this.shards.of(tenantId); // before keys are made for it
    const traceparent = request.headers.traceparent;
    return {
      tenantId,
      actor: { type: kind, subject },
      commandId: commandIdOf(tenantId, 'http', subject, key),
      fingerprint: await this.fingerprints.of(tenantId, request.method, path.toLowerCase(), body),
      at: new Date().toISOString(),
      waitMs: waitOf(request.headers.prefer),
      ...(isTraceparent(traceparent) && { traceparent }),
    };
  }

  execute<R>(command: Command<R>): Promise<R> {
    return this.bus.execute<Command<R>, R>(command);
  }
}

/** Of random digits in hexadecimal a few are decimal by chance and look like a card number: those go without their trace. */
const isTraceparent = (text: unknown): text is string =>
  typeof text === 'string' && traceparentForm.test(text) && !holdsCardNumber(text);

/** Throws ProblemError 400 where the Idempotency-Key is missing or malformed. */
export const idempotencyKeyOf = (request: FastifyRequest): string => {
  const key = request.headers['idempotency-key'];
  if (key === undefined || key === '') {
    throw new ProblemError(
      400,
      'idempotency_key_missing',
      'send an Idempotency-Key header with a key of your own, such as a UUID',
      {
        field: 'Idempotency-Key',
      },
    );
  }
  if (typeof key !== 'string' || !keyForm.test(key)) {
    throw new ProblemError(
      400,
      'idempotency_key_invalid',
      'the Idempotency-Key must be 1 to 255 printable ASCII characters without spaces',
      {
        field: 'Idempotency-Key',
      },
    );
  }
  return key;
};

/** Headers of whatever a command is answered with, a refusal by the processor included. */
export const answerHeaders = ({
  version,
  shard,
  position,
  replayed,
}: Omit<Answer<unknown>, 'state'>): Record<string, string> => ({
  etag: `"${version}"`,
  'billing-position': `${shard}:${position}`,
  ...(replayed && { 'idempotency-replayed': 'true' }),
});

/** Headers of a command's answer, and its status: `done` once settled, 202 while the processor has not spoken. */
export const describe = (
  reply: FastifyReply,
  answer: Omit<Answer<unknown>, 'state'>,
  done: number,
  location?: string,
): void => {
  reply.status(answer.settled ? done : 202).headers(answerHeaders(answer));
  if (location) reply.header('location', location);
};
