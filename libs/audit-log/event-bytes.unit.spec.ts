import canonicalize from 'canonicalize';
import fc from 'fast-check';

import type { AuditedEvent } from './audited-event.js';
import { eventBytes, openingOf } from './index.js';

const event: AuditedEvent = {
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
  data: '{"amount":1999,"at":"2026-11-21T03:28:00.000Z"}',
  metadata: { actor: { type: 'system', subject: 'gateway' } },
  recordedAt: '2026-11-21T03:28:00.123456Z',
};

describe('the bytes of an event', () => {
  it('are these, for ever', () => {
    expect(eventBytes(event).toString()).toBe(
      '{"causationId":"3f2b1c4d-5e6f-5a7b-8c9d-0e1f2a3b4c50","correlationId":"3f2b1c4d-5e6f-5a7b-8c9d-0e1f2a3b4c5f",' +
        '"data":"{\\"amount\\":1999,\\"at\\":\\"2026-11-21T03:28:00.000Z\\"}","eventId":"3f2b1c4d-5e6f-5a7b-8c9d-0e1f2a3b4c5e",' +
        '"metadata":{"actor":{"subject":"gateway","type":"system"}},"position":7,"recordedAt":"2026-11-21T03:28:00.123456Z",' +
        '"schemaVersion":1,"shard":3,"streamId":"payment-3f2b1c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d",' +
        '"tenantId":"11111111-1111-4111-8111-111111111111","type":"PaymentCaptured","v":1,"version":2}',
    );
  });

  it('are RFC 8785 of its members, whatever text, numbers and metadata they hold', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\\', '"', ' ~', '\u001f', '\u007f', '\n'),
      fc.constantFrom('\u2028\u2029', '"\\/\b\f\n\r\t\u0000\u001f', '\u{1f600}\ufeff', '{"__proto__":1}', ' ﬁ\u0301'),
    );
    const number = fc.maxSafeInteger();
    const whole = fc.record({
      shard: number,
      position: number,
      tenantId: text,
      streamId: text,
      version: number,
      eventId: text,
      type: text,
      schemaVersion: number,
      correlationId: text,
      causationId: text,
      data: text,
      metadata: fc.jsonValue({ noUnicodeString: false }),
      recordedAt: text,
    });
    fc.assert(
      fc.property(whole, (each) => {
        expect(eventBytes(each).toString()).toBe(canonicalize({ v: 1, ...each }));
      }),
      { numRuns: 500 },
    );
  });

  it('differ wherever events differ', () => {
    const fields = Object.keys(event) as (keyof AuditedEvent)[];
    const others = fields.map((field) => ({
      ...event,
      [field]: typeof event[field] === 'number' ? 9 : typeof event[field] === 'string' ? `${event[field]} ` : {},
    }));
    expect(new Set([event, ...others].map((each) => eventBytes(each).toString())).size).toBe(fields.length + 1);
  });

  it('are not made of text without UTF-8, of fractions, or without metadata', () => {
    for (const bad of [
      { data: '\ud800' },
      { type: 'x\udc00' },
      { position: 0.5 },
      { version: NaN },
      { shard: 2 ** 53 },
    ])
      expect(() => eventBytes({ ...event, ...bad })).toThrow(RangeError);
    expect(() => eventBytes({ ...event, metadata: undefined })).toThrow(RangeError);
    expect(() => eventBytes({ ...event, metadata: { actor: '\ud800' } })).toThrow('surrogate');
  });

  it('are what an opening holds', () => {
    const salt = Buffer.alloc(32, 1);
    expect(openingOf(event, salt)).toEqual({ shard: 3, position: 7, salt, event: eventBytes(event) });
  });
});
