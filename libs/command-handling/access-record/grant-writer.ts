import { randomUUID } from 'node:crypto';

import type { PrivilegedAccessGranted } from '#domain/access';
import { StoreOverloaded, UnknownTenant, isTransient } from '#event-store';
import { MicroBatch } from '#platform/database';

import type { AccessStreams } from './access-streams.js';

/** Raised where a grant could not be recorded, for a reason that does not pass by itself: what it is for must not be done. */
export class AccessRecordUnavailable extends Error {
  readonly status = 503;
  readonly code = 'access_log_unavailable';
  constructor(options: ErrorOptions) {
    super('this takes a record in the access log, and the log does not take it; nothing was done', options);
  }
}

const maxWaiting = 2_000;

/** Brings grants into the log before what they are for is done: those of a tenant that come while one is written share the next append. */
export class GrantWriter {
  readonly #streams: Pick<AccessStreams, 'write'>;
  readonly #ofTenant = new Map<string, { batch: MicroBatch<PrivilegedAccessGranted, undefined>; waiting: number }>();
  #waiting = 0;

  constructor(streams: Pick<AccessStreams, 'write'>) {
    this.#streams = streams;
  }

  /** Throws UnknownTenant, StoreOverloaded, what a lost or late database raises, and AccessRecordUnavailable. */
  async write(tenantId: string, event: PrivilegedAccessGranted): Promise<void> {
    if (this.#waiting >= maxWaiting) throw new StoreOverloaded();
    const own = this.#ofTenant.get(tenantId) ?? { batch: this.#batchOf(tenantId), waiting: 0 };
    this.#ofTenant.set(tenantId, own);
    own.waiting += 1;
    this.#waiting += 1;
    try {
      await own.batch.ask(event);
    } catch (error) {
      const passes = isTransient(error) || error instanceof StoreOverloaded || error instanceof UnknownTenant;
      throw passes ? error : new AccessRecordUnavailable({ cause: error });
    } finally {
      own.waiting -= 1;
      this.#waiting -= 1;
      if (own.waiting === 0) this.#ofTenant.delete(tenantId);
    }
  }

  #batchOf(tenantId: string): MicroBatch<PrivilegedAccessGranted, undefined> {
    return new MicroBatch(async (events) => {
      await this.#streams.write(tenantId, randomUUID(), events);
      return events.map(() => undefined);
    });
  }
}
