import type { EventRow } from '#event-store';
import fc from 'fast-check';
import type { KafkaMessage, Message } from 'kafkajs';

import { MalformedRecord, placeOf, recordOf, rowOf } from './record.js';

const row: EventRow = {
  shard: 3,
  position: '42',
  tenant_id: '11111111-1111-4111-8111-111111111111',
  stream_id: 'payment-0199f6a0-0000-7000-8000-000000000001',
  version: 7,
  event_id: '0199f6a0-0000-7000-8000-000000000002',
  type: 'PaymentCaptured',
  schema_version: 1,
  correlation_id: '0199f6a0-0000-7000-8000-000000000003',
  causation_id: '0199f6a0-0000-7000-8000-000000000004',
  data: '{"amount":5000,"note":"1.0e21 stays, and so does ü"}',
  metadata: { actor: { type: 'person', subject: 'jürgen' }, traceparent: '00-0af7651916cd43dd8448eb211c80319c-01-01' },
  recorded_at: '2026-11-21 03:28:00.12+00',
};

/** The record as a consumer gets it: header values are bytes. */
const received = ({ key, value, timestamp = '', headers = {} }: Message): KafkaMessage => ({
  key: Buffer.from(key ?? ''),
  value: value === null ? null : Buffer.from(value),
  timestamp,
  attributes: 0,
  offset: '99',
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, header]) => [
      name,
      Array.isArray(header) ? header.map((each) => Buffer.from(each)) : Buffer.from(header ?? ''),
    ]),
  ),
});
const changed = (changes: Message['headers']): KafkaMessage => {
  const record = recordOf(row, 5);
  return received({ ...record, headers: { ...record.headers, ...changes } });
};
const without = (name: string): KafkaMessage => {
  const record = recordOf(row, 5);
  return received({
    ...record,
    headers: Object.fromEntries(Object.entries(record.headers ?? {}).filter(([each]) => each !== name)),
  });
};

describe('the record of an event', () => {
  it('is a CloudEvent in binary mode, its value the data as stored', () => {
    expect(recordOf(row, 5)).toEqual({
      partition: 3,
      key: row.stream_id,
      value: row.data,
      timestamp: String(Date.parse('2026-11-21T03:28:00.120Z')),
      headers: {
        ce_specversion: '1.0',
        ce_id: row.event_id,
        ce_source: '/billing-service',
        ce_type: 'PaymentCaptured',
        ce_subject: row.stream_id,
        ce_time: '2026-11-21T03:28:00.12Z',
        'content-type': 'application/json',
        ce_schemaversion: '1',
        ce_tenantid: row.tenant_id,
        ce_shard: '3',
        ce_position: '42',
        ce_epoch: '5',
        ce_streamversion: '7',
        ce_correlationid: row.correlation_id,
        ce_causationid: row.causation_id,
        ce_actortype: 'person',
        ce_actorsubject: 'jürgen',
        traceparent: row.metadata.traceparent,
      },
    });
  });

  it('has no traceparent where there was none', () => {
    const silent = { ...row, metadata: { actor: row.metadata.actor } };
    expect(recordOf(silent, 1).headers).not.toHaveProperty('traceparent');
    expect(rowOf(received(recordOf(silent, 1)), 3)).toEqual(silent);
  });

  it('gives back every column byte for byte', () => {
    const rows = fc.record({
      shard: fc.constant(3),
      position: fc.maxSafeNat().map((at) => String(at + (at < Number.MAX_SAFE_INTEGER ? 1 : 0))),
      tenant_id: fc.uuid(),
      stream_id: fc.string({ minLength: 3, maxLength: 100 }),
      version: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      event_id: fc.uuid(),
      type: fc.constantFrom('PaymentCaptured', 'FromTheFuture'),
      schema_version: fc.integer({ min: 1, max: 32_767 }),
      correlation_id: fc.uuid(),
      causation_id: fc.uuid(),
      data: fc.json(),
      metadata: fc.record(
        {
          actor: fc.record({
            type: fc.constantFrom('person' as const, 'service' as const, 'system' as const),
            subject: fc.string({ unit: 'grapheme' }),
          }),
          traceparent: fc.string({ minLength: 1 }),
        },
        { requiredKeys: ['actor'] },
      ),
      recorded_at: fc.constantFrom(
        '2026-11-21 03:28:00+00',
        '2026-11-21 03:28:00.123456+00',
        '2026-11-21 08:58:00.1+05:30',
        '2026-11-20 21:28:00.000001-06',
      ),
    });
    fc.assert(
      fc.property(rows, (each) => {
        expect(rowOf(received(recordOf(each, 1)), 3)).toEqual(each);
      }),
    );
  });

  it('tells its place without the rest', () => {
    expect(placeOf(received(recordOf(row, 5)), 3)).toEqual({
      shard: 3,
      position: 42,
      epoch: 5,
      eventId: row.event_id,
    });
  });
});

describe('a record that the relay did not write so', () => {
  it.each(Object.keys(recordOf(row, 5).headers ?? {}).filter((name) => /^ce_(?!source)/.test(name)))(
    'is refused without the header %s',
    (name) => {
      const read = name === 'ce_epoch' ? placeOf : rowOf;
      expect(() => read(without(name), 3)).toThrow(new MalformedRecord(`no header ${name}`, 3, '99'));
    },
  );

  it.each([
    ['ce_position', '0', 'a malformed header ce_position'],
    ['ce_position', '1e3', 'a malformed header ce_position'],
    ['ce_position', '9007199254740993', 'a malformed header ce_position'],
    ['ce_shard', '4', 'a header ce_shard that names another partition (4)'],
    ['ce_tenantid', 'everybody', 'a malformed header ce_tenantid'],
    ['ce_specversion', '2.0', 'a header ce_specversion that is not 1.0'],
    ['ce_actortype', 'robot', 'a malformed header ce_actortype'],
    ['ce_time', 'yesterday', 'a malformed header ce_time'],
    ['ce_streamversion', '-1', 'a malformed header ce_streamversion'],
    ['ce_id', ['a', 'b'], 'more than one header ce_id'],
  ])('is refused with %s %p', (name, value, what) => {
    expect(() => rowOf(changed({ [name]: value }), 3)).toThrow(`the record at offset 99 of partition 3 has ${what}`);
  });

  it('is refused without a value', () => {
    expect(() => rowOf(received({ ...recordOf(row, 1), value: null }), 3)).toThrow('has no value');
  });
});
