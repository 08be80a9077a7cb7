import type { TenantEvents } from '#event-store';

import { problemOf } from '../../http/problem.js';
import { lineOf } from './event-reader.js';
import type { Watch } from './live-tail.js';

/** How long a client waits before it connects again, unless it has a mind of its own. */
const retryMs = 2_000;
const defaultHeartbeatMs = 15_000;

export interface EventStreamParts {
  shard: number;
  /** What was read before the answer began. */
  first: TenantEvents;
  read: (after: number) => Promise<TenantEvents>;
  watch: Watch;
  /** Aborts when the client has gone, the service stops, or, with an error to tell, the right to read on has ended. */
  signal: AbortSignal;
  /** How long nothing may be said. Default 15,000. */
  heartbeatMs?: number;
}

/**
 * The chunks of a stream of server-sent events (WHATWG HTML, section 9.2) that follows the log until `signal` aborts. Every event
 * has its position as id. A heartbeat is a comment, and an id where positions have passed that were not the tenant's or not
 * wanted: a client that comes back with it skips them. What goes wrong ends the stream with an event `problem`.
 */
export async function* eventStream(parts: EventStreamParts): AsyncGenerator<string> {
  const { shard, read, watch, signal, heartbeatMs = defaultHeartbeatMs } = parts;
  let { first: page } = parts;
  let saidAt = Date.now();
  yield `retry: ${retryMs}\n\n`;
  try {
    for (;;) {
      for (const chunk of chunksOf(page, shard)) {
        if (signal.aborted) break;
        yield chunk;
        saidAt = Date.now();
      }
      if (signal.aborted) break;
      let position = page.upTo;
      let more = position < page.head;
      if (!more) {
        await watch.next(position, saidAt + heartbeatMs - Date.now(), signal);
        more = watch.hasAfter(position);
        if (!more) position = Math.max(position, watch.seenUpTo());
      }
      if (signal.aborted) break;
      if (Date.now() - saidAt >= heartbeatMs) {
        yield `: heartbeat\nid: ${shard}:${position}\n\n`;
        saidAt = Date.now();
      }
      page = more ? await read(position) : { rows: [], upTo: position, head: position };
    }
    if (signal.reason instanceof Error) yield problemEvent(signal.reason);
  } catch (error) {
    yield problemEvent(error);
  }
}

/** What is to be sent at once: not a whole page, so that a slow client holds little, and not each event alone. */
const eventsAChunk = 50;

function* chunksOf({ rows }: TenantEvents, shard: number): Generator<string> {
  let chunk = '';
  for (const [at, row] of rows.entries()) {
    const line = lineOf(row);
    if (line instanceof Error) {
      if (chunk !== '') yield chunk;
      throw line;
    }
    chunk += `id: ${shard}:${row.position}\ndata: ${line}\n\n`;
    if ((at + 1) % eventsAChunk !== 0) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

const problemEvent = (error: unknown): string =>
  `event: problem\ndata: ${JSON.stringify(problemOf(error).problem)}\n\n`;
