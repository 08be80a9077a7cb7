import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { ArchivedEvent } from './archived-event.js';
import { isSameEvent } from './archived-event.js';
import { eventsIn, ParquetFile } from './parquet-file.js';

const event: ArchivedEvent = {
  shard: 3,
  position: 7,
  tenantId: '11111111-1111-4111-8111-111111111111',
  streamId: 'payment-3f2b1c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d',
  version: 2,
  eventId: '3f2b1c4d-5e6f-5a7b-8c9d-0e1f2a3b4c5e',
  type: 'PaymentCaptured',
  schemaVersion: 1,
  correlationId: '3f2b1c4d-5e6f-5a7b-8c9d-0e1f2a3b4c5f',
  causationId: '3f2b1c4d-5e6f-5a7b-8c9d-0e1f2a3b4c50',
  data: '{"amount":1999,"note":"é \u{1f600} \\u0000","at":"2019-01-21T03:28:00.000Z"}',
  metadata: { actor: { type: 'system', subject: 'gateway' }, traceparent: '00-1' },
  recordedAt: '2019-01-21T03:28:00.123456Z',
  leafIndex: 2 ** 40,
  salt: Buffer.alloc(32, 0xab),
};
const events = Array.from({ length: 600 }, (_, at): ArchivedEvent => ({
  ...event,
  position: at + 1,
  leafIndex: at * 3,
  data: `{"at":${at},"text":"${'x'.repeat(at % 97)}"}`,
  salt: Buffer.alloc(32, at % 256),
  recordedAt: `2019-01-21T03:28:0${at % 10}.${String(at).padStart(6, '0')}Z`,
}));
const before1970 = { ...event, position: 601, recordedAt: '1969-12-31T23:59:59.999999Z' };

const written = async (groups: readonly (readonly ArchivedEvent[])[]): Promise<Uint8Array> => {
  const file = new ParquetFile();
  for (const group of groups) await file.add(group);
  return file.finish();
};
const read = async (bytes: Uint8Array): Promise<ArchivedEvent[]> => {
  const found: ArchivedEvent[] = [];
  for await (const group of eventsIn(bytes)) found.push(...group);
  return found;
};

describe('a file of the archive', () => {
  it('gives back every column and byte of every event, in their order', async () => {
    const all = [event, ...events.slice(1), before1970];
    const found = await read(await written([all.slice(0, 250), all.slice(250)]));
    expect(found).toHaveLength(all.length);
    expect(found.filter((each, at) => !isSameEvent(each, all[at] as ArchivedEvent))).toEqual([]);
    expect(found[0]).toEqual({ ...event, salt: new Uint8Array(event.salt) });
  });

  it('is the same file for the same events', async () => {
    expect(Buffer.from(await written([events])).equals(await written([events]))).toBe(true);
  });

  it('tells events apart that differ in any column', () => {
    for (const column of Object.keys(event) as (keyof ArchivedEvent)[]) {
      const value = event[column];
      const other =
        typeof value === 'number'
          ? value + 1
          : typeof value === 'string'
            ? `${value}x`
            : column === 'salt'
              ? Buffer.alloc(32)
              : {};
      expect([column, isSameEvent(event, { ...event, [column]: other })]).toEqual([column, false]);
    }
  });

  it('is not taken for one where it is something else', async () => {
    await expect(read(Buffer.from('PAR1 is not enough PAR1'))).rejects.toThrow();
  });
});

const judged = `
import duckdb, json, sys
ask = duckdb.connect().execute
columns = ask("describe select * from read_parquet(?)", [sys.argv[1]]).fetchall()
count, total = ask("select count(*), sum(position) + sum(leaf_index) from read_parquet(?)", [sys.argv[1]]).fetchone()
first = ask("select * replace (epoch_us(recorded_at) as recorded_at) from read_parquet(?) order by position limit 1", [sys.argv[1]]).fetchone()
print(json.dumps({"types": {column[0]: column[1] for column in columns}, "count": count, "sum": str(total),
  "first": [each.hex() if isinstance(each, bytes) else str(each) for each in first]}))
`;
const python = (...args: string[]): Promise<{ stdout: string }> => promisify(execFile)('python3', args);
const hasJudge = (): Promise<boolean> =>
  python('-c', 'import duckdb').then(
    () => true,
    () => false,
  );

describe('a file of the archive, as DuckDB reads it', () => {
  it('has the columns of the table with their types, and every row', async () => {
    if (!(await hasJudge())) {
      if (process.env.CI) throw new Error('DuckDB is missing: pip install -r test/requirements.txt');
      process.stdout.write('not judged by DuckDB: pip install -r test/requirements.txt\n');
      return;
    }
    const directory = await mkdtemp(join(tmpdir(), 'billing-parquet-'));
    const path = join(directory, 'events.parquet');
    await writeFile(path, await written([[{ ...event, position: 1 }], events.slice(1)]));
    const { stdout } = await python('-c', judged, path);
    await rm(directory, { recursive: true });
    const { types, count, first, sum } = JSON.parse(stdout) as Record<string, unknown>;
    expect(types).toEqual({
      ...{ shard: 'INTEGER', position: 'BIGINT', tenant_id: 'UUID', stream_id: 'VARCHAR', version: 'INTEGER' },
      ...{ event_id: 'UUID', type: 'VARCHAR', schema_version: 'INTEGER', correlation_id: 'UUID', causation_id: 'UUID' },
      ...{
        data: 'VARCHAR',
        metadata: 'VARCHAR',
        recorded_at: 'TIMESTAMP WITH TIME ZONE',
        leaf_index: 'BIGINT',
        salt: 'BLOB',
      },
    });
    expect([count, sum]).toEqual([
      600,
      String(events.reduce((total, { position, leafIndex }) => total + position + leafIndex, 0) + event.leafIndex),
    ]);
    expect(first).toEqual([
      ...['3', '1', event.tenantId, event.streamId, '2', event.eventId, event.type, '1'],
      ...[event.correlationId, event.causationId, event.data],
      '{"actor":{"subject":"gateway","type":"system"},"traceparent":"00-1"}',
      `${Date.parse('2019-01-21T03:28:00Z')}123456`.replace('000123456', '123456'),
      String(event.leafIndex),
      'ab'.repeat(32),
    ]);
  });
});
