import type { AuditedEvent } from '#audit-log';
import { eventBytes } from '#audit-log';

import { misfit, readEvent } from './event-form.js';

const event: AuditedEvent = {
  ...{ shard: 3, position: 7, version: 2, schemaVersion: 1, type: 'PaymentCaptured' },
  ...{ tenantId: '11111111-1111-4111-8111-111111111111', streamId: 'payment-1', eventId: 'e', correlationId: 'c' },
  ...{ causationId: 'd', data: '{"amount":4999}', metadata: { actor: { type: 'service' } } },
  recordedAt: '2026-11-21T03:28:00.123456Z',
};
const text = eventBytes(event).toString();
const place = { shard: 3, position: 7 };

describe('the bytes of an event', () => {
  it('are read as the service writes them, whatever an event holds', () => {
    expect(readEvent(eventBytes(event))).toEqual({ ...event, v: 1 });
    const words = [
      '',
      '"',
      '\\',
      '\u0000\u001f\u007f',
      '\u2028',
      '\ufeff',
      'é',
      'e\u0301',
      '\u{1f4b6}',
      '\uffff',
      '{"v":2}',
    ];
    for (const word of words) {
      const metadata = Object.fromEntries(words.map((name) => [name, [word, 1e21, -0.5, true, null]]));
      const some = { ...event, data: word, type: word, streamId: word, metadata };
      expect(readEvent(eventBytes(some))).toEqual({ ...some, v: 1 });
    }
  });

  it('fit their place, and no other', () => {
    expect(misfit(Buffer.from(text), place)).toBeUndefined();
    expect(misfit(Buffer.from(text), { shard: 3, position: 8 })).toBe('says that it stands at position 7 of shard 3');
    expect(misfit(Buffer.from(text), { shard: 4, position: 7 })).toBe('says that it stands at position 7 of shard 3');
  });

  it.each([
    ['is not JSON', ''],
    ['is no JSON object', 'null'],
    ['has the form undefined', '[]'],
    ['has the form 2, which this verifier does not know', text.replace('"v":1', '"v":2')],
    ['has not the members of an event', text.replace('"streamId":', '"stream":')],
    ['has a member of another type', text.replace('"position":7', '"position":"7"')],
    ['has a member of another type', text.replace('"position":7', '"position":7.5')],
    ['is not in its canonical form', `${text} `],
    ['is not in its canonical form', text.replace('"position":7', '"position":7.0')],
    ['is not in its canonical form', text.replace('"version":2', '"version":9,"version":2')],
  ])('are refused: %s', (reason, bytes) => {
    expect(misfit(Buffer.from(bytes), place)).toContain(reason);
  });

  it('that are not UTF-8 are refused', () => {
    expect(misfit(Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.of(0xff)]), place)).toBe('is not JSON');
  });
});
