import type { ClientBase, Pool } from 'pg';

/** Positions of a shard in which a reader found nothing, the first and the last of them. */
export interface Gap {
  shard: number;
  first: number;
  last: number;
}

/**
 * Those of `gaps` that a removal has not made: each of the positions of the others was removed after its retention. Any other gap is a fault, and
 * nobody may go on behind it.
 */
export const unexplained = async (client: Pick<ClientBase | Pool, 'query'>, gaps: readonly Gap[]): Promise<Gap[]> => {
  if (gaps.length === 0) return [];
  const { rows } = await client.query<{ ord: string }>({
    name: 'unexplained_gaps',
    // The ranges of a shard do not overlap, so one more than those that begin in the gap can reach into it.
    text: `select g.ord from unnest($1::smallint[], $2::bigint[], $3::bigint[]) with ordinality as g (shard, first, last, ord)
      where g.last - g.first + 1 > (
        select coalesce(sum(least(r.last_position, g.last) - greatest(r.first_position, g.first) + 1), 0)
        from billing.event_removed r
        where r.shard = g.shard and r.first_position <= g.last and r.last_position >= g.first
          and r.first_position >= coalesce((
            select b.first_position from billing.event_removed b where b.shard = g.shard and b.first_position <= g.first
            order by b.first_position desc limit 1), 0))`,
    values: [gaps.map(({ shard }) => shard), gaps.map(({ first }) => first), gaps.map(({ last }) => last)],
  });
  return rows.flatMap(({ ord }) => gaps[Number(ord) - 1] ?? []);
};
