import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { parseCheckpoint, parseNote } from '#audit';
import type { Standalone } from '../../standalone/index.js';
import { startStandalone } from '../../standalone/index.js';
import { chargesOf, shoot } from '../charge.js';
import type { Row } from '../report.js';
import { summary } from '../report.js';

const seconds = 10;
const connections = 64;
const pollMs = 5;
/** How long after the load its last events have for their checkpoint. */
const settleMs = 5_000;
/** The least time from one checkpoint to the next that the standalone has. */
const checkpointMs = 1_000;

/** A checkpoint as it was first seen. */
interface Seen {
  size: number;
  at: number;
}

const checkpointOf = async ({ url }: Standalone): Promise<number> => {
  const response = await fetch(`${url}/v1/audit/checkpoint`);
  if (response.status === 404) return 0;
  if (!response.ok) throw new Error(`/v1/audit/checkpoint: ${String(response.status)}`);
  return parseCheckpoint(parseNote(await response.text()).text).size;
};

/** Notes when each checkpoint can first be read, until `ends` says so. */
const watch = async (standalone: Standalone, ends: () => boolean): Promise<Seen[]> => {
  const seen: Seen[] = [];
  while (!ends()) {
    const size = await checkpointOf(standalone);
    if (size > (seen.at(-1)?.size ?? -1)) seen.push({ size, at: Date.now() });
    await pause(pollMs);
  }
  return seen;
};

/** Recording times of the events from `from` on, by their place in the log. */
const recorded = async (adminUrl: string, from: number): Promise<{ index: number; at: number }[]> => {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ index: string; at: number }>(
      `select r.first_index + e.position - r.first_position as index, (extract(epoch from e.recorded_at) * 1000)::float8 as at
       from billing.audit_leaf_run r join billing.event e
         on e.shard = r.shard and e.position between r.first_position and r.first_position + r.count - 1
       where r.first_index + r.count > $1 order by 1`,
      [from],
    );
    return rows.map(({ index, at }) => ({ index: Number(index), at })).filter(({ index }) => index >= from);
  } finally {
    await client.end();
  }
};

/** From the moment an event is recorded to a checkpoint over it that outsiders can read, while the standalone charges as fast as it can. */
export const checkpointDelay = async (): Promise<Row[]> => {
  const standalone = await startStandalone();
  try {
    const charges = await chargesOf(standalone);
    await shoot(charges, connections, 2);
    const before = await checkpointOf(standalone);
    let end = Infinity;
    const watching = watch(standalone, () => Date.now() > end);
    const result = await shoot(charges, connections, seconds);
    end = Date.now() + settleMs;
    const seen = await watching;
    const events = await recorded(standalone.adminUrl(), before);
    const delays = events.flatMap(({ index, at }) => {
      const covering = seen.find(({ size }) => size > index);
      return covering ? [covering.at - at] : [];
    });
    if (delays.length < events.length * 0.9) throw new Error('checkpoints came too late to be measured');
    const { p50_ms, p99_ms } = summary(delays, seconds);
    return [
      {
        name: `checkpoint delay at ${String(Math.round(result['2xx'] / result.duration))} charges a second, p99 in ms; the pause between two`,
        ...{ ours: p99_ms, reference: checkpointMs, ratio: Number((p99_ms / checkpointMs).toFixed(3)), p50_ms, p99_ms },
      },
    ];
  } finally {
    await standalone.stop();
  }
};
