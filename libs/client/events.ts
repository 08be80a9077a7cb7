import { setTimeout as sleep } from 'node:timers/promises';

import { answerTo } from './event-answer.js';
import { backoffMs } from './bounds.js';
import { HttpUnavailable } from './errors.js';
import type { EventData } from './generated/events.js';
import type { Http } from './http.js';
import { mayPass } from './http.js';

export type EventType = keyof EventData;

/** An event as `GET /v1/events` gives it. */
export interface EventOf<T extends EventType> {
  /** `shard:position`, the place in the tenant's log: keep the last one that you have digested, and go on `after` it. */
  position: string;
  tenantId: string;
  /** The aggregate and its id, such as `payment-3f1d2c4b-...`. */
  streamId: string;
  /** 1-based place in the stream, without gaps. */
  version: number;
  eventId: string;
  type: T;
  schemaVersion: number;
  data: EventData[T];
  metadata: {
    /** The command that began the story. */
    correlationId: string;
    /** The command that appended this event: the `commandId` of its result. */
    causationId: string;
    actor: { type: string; subject: string };
    traceparent?: string;
  };
  /** RFC 3339. */
  recordedAt: string;
}

/** An event of one of several types, told apart by `type`. */
export type EventAmong<T extends EventType> = { [K in T]: EventOf<K> }[T];

/** Any event. New types come: skip those you do not know. */
export type BillingEvent = EventAmong<EventType>;

export interface EventsOptions<T extends EventType = EventType> {
  /** Begin after this position; from the first event without it. */
  after?: string;
  /** Only events of these types. */
  types?: readonly T[];
  /** Only events of this stream, such as `payment-3f1d2c4b-...`. */
  streamId?: string;
  /** Go on as events happen, until `signal` aborts or the loop is left. Without it the iteration ends with the last event there is. */
  follow?: boolean;
  signal?: AbortSignal;
  /** For callers that act for several tenants. */
  tenantId?: string;
  /** How long to try again without an answer before HttpUnavailable is thrown; a minute unless told. */
  patienceMs?: number;
}

const pageSize = 1_000;
/** Between two looks where the end was reached. */
const restMs = 250;

/**
 * The tenant's events, oldest first and each once: after a broken connection it goes on behind the last one that was given.
 * Throws HttpProblem for a request that the service refuses, HttpUnavailable when it cannot be reached for `patienceMs`.
 */
export async function* readEvents<T extends EventType>(
  http: Http,
  { after, types, streamId, follow = false, signal, tenantId, patienceMs = 60_000 }: EventsOptions<T>,
): AsyncGenerator<EventAmong<T>, void, undefined> {
  let last = after;
  let [failures, failingSince] = [0, 0];
  const filter = { types: types?.join(','), streamId, limit: follow ? undefined : pageSize };
  const options = { follow, ...(signal && { signal }), ...(tenantId !== undefined && { tenantId }) };
  while (!signal?.aborted) {
    let count = 0;
    const before = last;
    try {
      for await (const { data, id } of answerTo(http, pathOf(last, filter), options)) {
        failures = 0;
        if (data !== undefined) {
          const event = JSON.parse(data) as EventAmong<T>;
          last = event.position;
          count += 1;
          yield event;
        } else if (id !== undefined) last = id;
      }
      failures = 0;
    } catch (error) {
      if (signal?.aborted) return;
      if (!mayPass(error)) throw error;
      if (failures === 0) failingSince = Date.now();
      else if (Date.now() - failingSince >= patienceMs) throw new HttpUnavailable('/v1/events', error);
      failures += 1;
      await pause(backoffMs(failures), signal);
      continue;
    }
    if (!follow && count === 0 && last === before) return; // else more was looked through than was wanted
    if (follow) await pause(restMs, signal);
  }
}

const pathOf = (after: string | undefined, filter: Record<string, string | number | undefined>): string => {
  const given = Object.entries({ after, ...filter }).filter(([, value]) => value !== undefined);
  return `/v1/events?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
};

const pause = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  sleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined); // the loop looks at the signal
