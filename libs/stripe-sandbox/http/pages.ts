/** Lists with cursors, newest first. https://docs.stripe.com/api/pagination */
import { firstIdAt } from '../state/ids.js';
import type { Kind, RecordOf } from '../state/records.js';
import { prefixes } from '../state/records.js';
import type { IdRange } from '../state/store.js';
import type { Work } from '../state/work.js';
import { invalidParameter, resourceMissing } from '../wire/errors.js';
import type { Read, Reader } from '../wire/params.js';
import { hash, integer, integerFrom, string } from '../wire/params.js';

const limit: Reader<number> = (raw, param) => {
  const value = integerFrom(1)(raw, param);
  if (value <= 100) return value;
  throw invalidParameter(param, 'This value must be less than or equal to 100.', 'parameter_invalid_integer');
};

export const pageParams = { limit, starting_after: string, ending_before: string };
export type PageParams = Read<typeof pageParams>;

const bounds = hash({ gt: integer, gte: integer, lt: integer, lte: integer });
export type CreatedFilter = ReturnType<typeof bounds>;

/** `created=T`, or bounds of it, in Unix seconds. */
export const created: Reader<CreatedFilter> = (raw, param) => {
  if (typeof raw !== 'string') return bounds(raw, param);
  const at = integer(raw, param);
  return { gte: at, lte: at };
};

export interface Page<K extends Kind = Kind> {
  records: RecordOf[K][];
  has_more: boolean;
}

/**
 * The range of ids that a list's parameters leave, ids being in the order of creation. Throws resource_missing for a cursor
 * that names no object.
 */
export const idRange = (work: Work, kind: Kind, params: PageParams & { created?: CreatedFilter }): IdRange => {
  const prefix = prefixes[kind];
  const { starting_after, ending_before, created: filter = {} } = params;
  if (starting_after !== undefined && ending_before !== undefined) {
    throw invalidParameter(
      'ending_before',
      'You may only specify one of these parameters: ending_before, starting_after.',
    );
  }
  const from = Math.max(filter.gte ?? 0, filter.gt === undefined ? 0 : filter.gt + 1);
  const to = Math.min(filter.lt ?? Infinity, filter.lte === undefined ? Infinity : filter.lte + 1);
  let after = from > 0 ? firstIdAt(prefix, from * 1_000) : prefix;
  let before = to < Infinity ? firstIdAt(prefix, to * 1_000) : `${prefix.slice(0, -1)}\``;
  if (starting_after !== undefined) {
    work.get(kind, starting_after, 'starting_after');
    if (starting_after < before) before = starting_after;
  }
  if (ending_before !== undefined) {
    work.get(kind, ending_before, 'ending_before');
    if (ending_before > after) after = ending_before;
  }
  return { after, before, order: ending_before === undefined ? 'newest' : 'oldest' };
};

/** The page that `rows`, in the order of `range`, begin with. Reads no further than it must. */
export const pageOf = <K extends Kind>(
  rows: Iterable<RecordOf[K]>,
  params: PageParams,
  keep: (record: RecordOf[K]) => boolean = () => true,
): Page<K> => {
  const most = params.limit ?? 10;
  const records: RecordOf[K][] = [];
  let has_more = false;
  for (const record of rows) {
    if (!keep(record)) continue;
    has_more = records.length === most;
    if (has_more) break;
    records.push(record);
  }
  return { records: params.ending_before === undefined ? records : records.reverse(), has_more };
};

/** A page of `kind`, of all or of what belongs to `owner`. */
export const pageOfKind = <K extends Kind>(
  work: Work,
  kind: K,
  params: PageParams & { created?: CreatedFilter },
  options: { owner?: string | undefined; keep?: (record: RecordOf[K]) => boolean } = {},
): Page<K> => {
  const { owner = work.account, keep = () => true } = options;
  const rows = work.store.objects(kind, idRange(work, kind, params), owner);
  return pageOf<K>(rows, params, (record) => work.sees(kind, record) && keep(record));
};

/** A page of the few objects named by `ids` (oldest first), as of the charges of an intent. */
export const pageOfIds = <K extends Kind>(
  work: Work,
  kind: K,
  params: PageParams & { created?: CreatedFilter },
  ids: readonly string[],
): Page<K> => {
  const { after, before, order } = idRange(work, kind, params);
  const within = ids.filter((id) => id > after && id < before);
  const ordered = order === 'newest' ? within.reverse() : within;
  return pageOf<K>(
    ordered.map((id) => work.get(kind, id)),
    params,
  );
};

/** Throws unless `id` names an object of `kind`; for filters, where Stripe refuses ids it does not know. */
export const assertKnown = (work: Work, kind: Kind, id: string | undefined, param: string): void => {
  if (id !== undefined && !work.find(kind, id)) throw resourceMissing(kind, id, param);
};
