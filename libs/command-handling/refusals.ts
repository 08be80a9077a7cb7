import { Refusal } from '#domain';

/** The key was used before, for something else. */
export class IdempotencyKeyReused extends Refusal {
  constructor() {
    super(
      'idempotency_key_reused',
      'unprocessable',
      'this Idempotency-Key was used with another request; repeat that request, or use a new key for this one',
      { field: 'Idempotency-Key' },
    );
  }
}

/** The command was carried out, so long ago that its stream was removed since. It is not carried out again. */
export class EventsRemoved extends Refusal {
  constructor(streamId: string) {
    super(
      'events_removed',
      'gone',
      `${streamId} is past its retention and was removed; what this command asked for was carried out then, and is not carried out again`,
    );
  }
}

/** Others changed the same thing each time this command was decided. */
export class ConcurrentChange extends Refusal {
  constructor(streamId: string) {
    super(
      'concurrent_change',
      'conflict',
      `${streamId} was changed by others at the same time; send the request again with the same key`,
    );
  }
}

/** Nobody can tell yet whether what is asked for is there. The same request again, after a moment. */
export class ReadModelBehind extends Error {
  constructor() {
    super('the read models are behind the log; try again in a moment');
  }
}

/** The tenant of the token has no row: it was never created here. */
export class TenantUnknown extends Refusal {
  constructor(tenantId: string) {
    super('tenant_unknown', 'not_found', `there is no tenant ${tenantId} in this deployment`);
  }
}
