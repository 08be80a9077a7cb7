import type { Pool } from 'pg';

/** What must not be removed, however old it is. */
export interface LegalHold {
  id: string;
  tenantId: string;
  /** Null: every stream of the tenant. */
  streamId: string | null;
  reason: string;
  placedAt: Date;
  releasedAt: Date | null;
  releaseReason: string | null;
}

/** Raised for a hold on what there is not: one on a mistyped id would protect nothing. */
export class NothingToHold extends Error {
  constructor(what: string) {
    super(`there is no ${what}: nothing is held`);
    this.name = 'NothingToHold';
  }
}

/** Raised for an id that no hold in force has. */
export class NoSuchHold extends Error {
  constructor(id: string) {
    super(`no legal hold ${id} is in force`);
    this.name = 'NoSuchHold';
  }
}

const columns = `hold_id as id, tenant_id as "tenantId", stream_id as "streamId", reason, placed_at as "placedAt",
  released_at as "releasedAt", release_reason as "releaseReason"`;

/**
 * Places a hold on a tenant, or on one stream of it, as the operator. Once it resolves, nothing that it covers is removed, not even by a removal
 * that was under way: it waits for those. Throws NothingToHold.
 */
export const placeHold = async (
  operator: Pick<Pool, 'query'>,
  { tenantId, streamId, reason }: Pick<LegalHold, 'tenantId' | 'streamId' | 'reason'>,
): Promise<LegalHold> => {
  if (streamId !== null) {
    const { rows } = await operator.query<{ found: boolean }>(
      `with t as materialized (select set_config('app.tenant_id', $1, true)::uuid as id)
      select found.* from t cross join lateral (
        select exists (select from billing.event where event.tenant_id = t.id and event.stream_id = $2) as found offset 0) found`,
      [tenantId, streamId],
    );
    if (rows[0]?.found !== true) throw new NothingToHold(`stream ${streamId} of tenant ${tenantId}`);
  }
  try {
    const { rows } = await operator.query<LegalHold>(
      `insert into billing.legal_hold (tenant_id, stream_id, reason) values ($1, $2, $3) returning ${columns}`,
      [tenantId, streamId, reason],
    );
    return rows[0] as LegalHold;
  } catch (error) {
    if ((error as { code?: string }).code === '23503') throw new NothingToHold(`tenant ${tenantId}`);
    throw error;
  }
};

/** Releases a hold, for good: another one may be placed. As the operator. Throws NoSuchHold. */
export const releaseHold = async (
  operator: Pick<Pool, 'query'>,
  { id, reason }: Pick<LegalHold, 'id' | 'reason'>,
): Promise<LegalHold> => {
  const { rows } = await operator.query<LegalHold>(
    `update billing.legal_hold set released_at = now(), release_reason = $2 where hold_id = $1 and released_at is null returning ${columns}`,
    [id, reason],
  );
  const [released] = rows;
  if (!released) throw new NoSuchHold(id);
  return released;
};

/** Holds, oldest first: those in force, or with `released` all that there ever were. */
export const listHolds = async (
  pool: Pick<Pool, 'query'>,
  { released = false }: { released?: boolean } = {},
): Promise<LegalHold[]> => {
  const { rows } = await pool.query<LegalHold>(
    `select ${columns} from billing.legal_hold where $1 or released_at is null order by placed_at, hold_id`,
    [released],
  );
  return rows;
};
