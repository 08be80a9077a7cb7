import { MalformedRecord } from '#log';

import type { PartitionEnd } from './partition-ends.js';
import type { LogEnd } from './resume.js';
import { resumeAfter } from './resume.js';

const eventId = '0199f6a0-0000-7000-8000-000000000001';
const kafka = (position: number | undefined, changes: Partial<PartitionEnd> = {}): PartitionEnd => ({
  low: 0,
  high: position ?? 0,
  last: position === undefined ? undefined : { shard: 3, position, epoch: 1, eventId },
  ...changes,
});
const log = (head: number, checkpoint: number, changes: Partial<LogEnd> = {}): LogEnd => ({
  head,
  checkpoint,
  eventId,
  removed: false,
  ...changes,
});

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

describe('a shard goes on', () => {
  it('at the beginning of an empty topic', () => {
    expect(resumeAfter(3, kafka(undefined), log(10, 0))).toEqual({ after: 0 });
  });

  it('after the last record, when nobody has written down that it was acknowledged', () => {
    expect(resumeAfter(3, kafka(8), log(10, 5))).toEqual({ after: 8 });
    expect(resumeAfter(3, kafka(10), log(10, 10))).toEqual({ after: 10 });
  });

  it('after the checkpoint, when retention has taken every record', () => {
    expect(resumeAfter(3, kafka(undefined, { low: 9, high: 9 }), log(12, 9))).toEqual({ after: 9 });
  });

  it('after the last record with a warning, when acknowledged records are gone: a gap would stop every consumer', () => {
    expect(resumeAfter(3, kafka(8), log(20, 15))).toEqual({
      after: 8,
      warning: matching(/15 had been ack/),
    });
  });

  it('at the beginning with a warning, when the topic was made anew', () => {
    expect(resumeAfter(3, kafka(undefined), log(20, 15))).toEqual({ after: 0, warning: matching(/new/) });
  });
});

describe('a shard is stopped', () => {
  it('when Kafka has more than the log', () => {
    expect(resumeAfter(3, kafka(8), log(7, 7))).toEqual({
      halt: 'ahead_of_log',
      error: matching(/position 8.*ends at 7.*KAFKA_TOPIC_PREFIX/),
    });
  });

  it('when Kafka has another event at that position', () => {
    const other = '0199f6a0-0000-7000-8000-000000000002';
    expect(resumeAfter(3, kafka(8), log(10, 8, { eventId: other }))).toEqual({
      halt: 'foreign_record',
      error: matching(new RegExp(other)),
    });
  });

  it('but not where the event of that position was removed after its retention', () => {
    expect(resumeAfter(3, kafka(8), log(10, 8, { eventId: undefined, removed: true }))).toEqual({ after: 8 });
  });

  it('when somebody else wrote into its partition', () => {
    const last = new MalformedRecord('no header ce_position', 3, '17');
    expect(resumeAfter(3, kafka(8, { last }), log(10, 8))).toEqual({
      halt: 'foreign_record',
      error: matching(/no relay wrote: .*offset 17.*no header ce_position/),
    });
  });
});
