import type { KafkaMessage } from 'kafkajs';

import { appendTimeOf, timestampOf } from './append-time.js';

const message = (timestamp: string, timestampType?: number) =>
  ({ timestamp, batchContext: { timestampType } }) as unknown as KafkaMessage;

describe('the time of a record', () => {
  it("is the broker's, or none", () => {
    expect(appendTimeOf(message('1700000000000', 1))).toEqual(new Date(1_700_000_000_000));
    for (const type of [0, -1, undefined]) expect(appendTimeOf(message('1700000000000', type))).toBeUndefined();
  });

  it('is one that can be written down, whatever a producer says', () => {
    for (const wrong of ['-1', '8640000000000000', '1e999', 'soon', ''])
      expect(timestampOf(message(wrong)).toISOString()).toMatch(/^1970-/);
    expect(timestampOf(message('253402300799999')).toISOString()).toMatch(/^9999-/);
  });
});
