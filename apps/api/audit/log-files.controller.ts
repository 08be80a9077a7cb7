import { addressOf } from '#platform/tls';
import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';

import { ProblemError } from '../http/problem.js';
import { AuditLimits } from './limits.js';
import { PublishedLog } from './published-log.js';

const prefix = '/v1/audit/';
const textType = 'text/plain; charset=utf-8';
const bytesType = 'application/octet-stream';
/** A file that is never another. */
const forGood = 'public, max-age=31536000, immutable';
/** A file that is replaced: kept, and asked about each time. */
const askEachTime = 'public, no-cache';

/**
 * The audit log as C2SP tlog-tiles publishes it, with `/v1/audit` as its prefix: for everybody, because it tells nothing of anybody. A path is
 * taken as it was sent, and only if it is the one that a file of the log has.
 */
@ApiExcludeController()
@Controller('v1/audit')
export class LogFilesController {
  constructor(
    private readonly log: PublishedLog,
    private readonly limits: AuditLimits,
  ) {}

  @Get('checkpoint')
  async checkpoint(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#count(request);
    await send(request, reply, await this.log.checkpoint(), textType, askEachTime);
  }

  @Get('vkey')
  async vkey(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#count(request);
    await send(request, reply, await this.log.vkeys(), textType, askEachTime);
  }

  @Get('tile/*')
  async tile(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#count(request);
    const path = (request.raw.url ?? '').split('?', 1)[0] ?? '';
    const bytes = path.startsWith(prefix) ? await this.log.tile(path.slice(prefix.length)) : undefined;
    await send(request, reply, bytes, bytesType, forGood);
  }

  /** The history of the log's keys: of each event of it the key and the receipt, oldest first. */
  @Get('keys')
  async keys(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#count(request);
    const history = JSON.stringify({ data: await this.log.keyHistory() });
    await send(request, reply, Buffer.from(history), 'application/json; charset=utf-8', askEachTime);
  }

  @Get('keys/:number')
  async key(
    @Req() request: FastifyRequest,
    @Param('number') number: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.#count(request);
    const bytes = /^\d{3}$/.test(number) && number !== '000' ? await this.log.keyReceipt(Number(number)) : undefined;
    await send(request, reply, bytes, textType, forGood);
  }

  async #count(request: FastifyRequest): Promise<void> {
    await this.limits.assertNetwork(addressOf(request.raw));
  }
}

/** Sends a file, or only that it is still the one that the client has (RFC 9110, section 13.1.2). Throws ProblemError 404 where there is none. */
const send = async (
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: Uint8Array | undefined,
  type: string,
  cacheControl: string,
): Promise<void> => {
  if (!bytes) {
    const detail = 'the published audit log has no such file';
    throw new ProblemError(404, 'audit_file_not_found', detail, {}, { 'cache-control': 'no-store' });
  }
  const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
  reply.headers({ etag, 'cache-control': cacheControl });
  const known = (request.headers['if-none-match'] ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''));
  if (known.includes(etag)) await reply.status(304).send();
  else await reply.type(type).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
};
