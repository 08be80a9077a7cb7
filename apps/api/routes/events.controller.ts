import { bearerToken } from '#access';
import type { TenantEventsQuery } from '#event-store';
import { TenantShards, UnknownEventType, eventTypesOf } from '#event-store';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import { Readable } from 'node:stream';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { ProblemError } from '../http/problem.js';
import { AnswersEvents } from '../openapi/decorators.js';
import { EventReader, lineOf } from './events/event-reader.js';
import { EventsQuery, wantsStream } from './events/events-query.js';
import { LiveTail } from './events/live-tail.js';
import type { OpenStream } from './events/open-streams.js';
import { OpenStreams } from './events/open-streams.js';
import { Rounds } from './events/rounds.js';
import { eventStream } from './events/sse.js';

/** Events that a stream reads at once: its memory. */
const streamPage = 200;

@ApiTags('Events')
@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly reader: EventReader,
    private readonly tail: LiveTail,
    private readonly streams: OpenStreams,
    private readonly rounds: Rounds,
    private readonly shards: TenantShards,
  ) {}

  /**
   * The tenant's events, oldest first. As lines of JSON, 100 of them unless `limit` says more: go on with `after` = the answer's
   * `Billing-Position`, which says how far the log was looked through, also where it had nothing of yours. One answer looks through 200,000
   * positions at most, so it was the end where there are fewer lines than `limit` and the position went on by less than that. With `Accept: text/event-stream`, a stream of server-sent events that follows the log: ids are positions, and
   * `Last-Event-ID` goes before `after`. It ends, with an event `problem` that says why, with the token or once the right to it is taken away.
   */
  @Get()
  @AnswersEvents()
  async list(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Query() query: EventsQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const shard = await this.shards.of(tenantId);
    const wanted = { tenantId, shard, types: typesOf(query.types), streamId: query.streamId };
    if (wantsStream(request.headers.accept)) {
      if (query.limit !== undefined)
        throw new ProblemError(400, 'invalid_field', 'a stream of events takes no limit', { field: 'limit' });
      const from = request.headers['last-event-id'] ?? query.after;
      await this.#stream(request, reply, { ...wanted, after: positionOf(from, shard), limit: streamPage });
      return;
    }
    const limit = query.limit ?? 100;
    await this.#lines(reply, { ...wanted, after: positionOf(query.after, shard), limit });
  }

  async #lines(reply: FastifyReply, wanted: TenantEventsQuery): Promise<void> {
    const { rows, upTo } = await this.reader.page(wanted);
    const lines = rows.map(lineOf);
    const unreadable = lines.findIndex((line) => line instanceof Error);
    // What comes before an event that cannot be read is told; the next request meets it first.
    if (unreadable === 0) throw lines[0] as ProblemError;
    const told = unreadable < 0 ? lines : lines.slice(0, unreadable);
    const last = rows[told.length - 1];
    await reply
      .header('billing-position', `${wanted.shard}:${unreadable < 0 ? upTo : last?.position}`)
      .type('application/x-ndjson')
      .send(told.map((line) => `${String(line)}\n`).join(''));
  }

  /** Begins only once the first look has been taken: until then whatever is wrong is an answer of its own. */
  async #stream(request: FastifyRequest, reply: FastifyReply, wanted: TenantEventsQuery): Promise<void> {
    const { tenantId, shard } = wanted;
    const open = this.streams.open(tenantId);
    try {
      const watch = await this.tail.watch(tenantId, shard);
      open.signal.addEventListener('abort', () => {
        watch.close();
      });
      const read = (after: number) => this.reader.look({ ...wanted, after });
      const first = await read(wanted.after);
      const unreadable = first.rows.slice(0, 1).map(lineOf)[0];
      if (unreadable instanceof Error) throw unreadable;
      if (open.signal.aborted || reply.raw.destroyed) {
        open.end();
        return;
      }
      endWithToken(request, open);
      this.rounds.watch(request, open);
      const body = Readable.from(eventStream({ shard, first, read, watch, signal: open.signal }), {
        objectMode: false,
      });
      open.carriedBy(body);
      reply.raw.once('close', () => {
        open.end();
      });
      await reply
        .headers({ 'x-accel-buffering': 'no', connection: 'close' }) // no proxy keeps it back; nothing follows on its connection
        .type('text/event-stream; charset=utf-8')
        .send(body);
    } catch (error) {
      open.end();
      throw error;
    }
  }
}

const typesOf = (list: string | undefined): TenantEventsQuery['types'] => {
  if (list === undefined) return undefined;
  try {
    return eventTypesOf(list);
  } catch (error) {
    if (error instanceof UnknownEventType)
      throw new ProblemError(400, 'unknown_event_type', error.message, { field: 'types' });
    throw error;
  }
};

const positionOf = (text: string | string[] | undefined, shard: number): number => {
  if (text === undefined || text === '') return 0;
  const form = typeof text === 'string' ? /^(\d{1,2}):(\d{1,15})$/.exec(text) : null;
  if (!form) throw new ProblemError(400, 'invalid_position', 'a position is shard:position', { field: 'after' });
  if (Number(form[1]) !== shard)
    throw new ProblemError(400, 'invalid_position', `your events are in shard ${shard}`, { field: 'after' });
  return Number(form[2]);
};

/** A stream is open no longer than its token is good. The guard has verified the token. */
const endWithToken = (request: FastifyRequest, open: OpenStream): void => {
  const { exp = 0 } = decodeJwt(bearerToken(request.headers.authorization));
  const expired = new ProblemError(401, 'token_expired', 'the token has expired; connect again with another');
  const timer = setTimeout(
    () => {
      open.end(expired);
    },
    Math.min(Math.max(exp * 1_000 - Date.now(), 0), 2 ** 31 - 1),
  );
  open.signal.addEventListener('abort', () => {
    clearTimeout(timer);
  });
};
