import { Optional } from '#command-handling';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';

import { LineLimit } from '../queries.js';

const streamForm = '^[a-z_]{1,60}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

export class EventsQuery {
  @ApiPropertyOptional({
    description: 'The `position` after which to begin, shard:position: that of the last event you have.',
    pattern: '^\\d{1,2}:\\d{1,15}$',
  })
  @Optional()
  @Matches(/^\d{1,2}:\d{1,15}$/, { message: 'after must be a position, shard:position' })
  after?: string;

  @LineLimit('Of lines; a stream has no end.')
  limit?: number;

  @ApiPropertyOptional({
    description: 'Only these types, divided by commas; `*` stands for any letters.',
    example: 'Payment*,RefundSucceeded',
    minLength: 1,
    maxLength: 1000,
  })
  @Optional()
  @IsString()
  @Length(1, 1_000)
  types?: string;

  @ApiPropertyOptional({ description: 'Only this stream: the `streamId` of an event.', pattern: streamForm })
  @Optional()
  @Matches(new RegExp(streamForm), { message: 'streamId must be what the streamId of an event says' })
  streamId?: string;
}

/** Whether the `Accept` header of a request asks for server-sent events rather than for lines (RFC 9110, section 12.5.1). */
export const wantsStream = (accept: string | undefined): boolean => {
  const weightOf = (type: string): number => {
    const range = (accept ?? '').split(',').find((each) => each.split(';')[0]?.trim().toLowerCase() === type);
    if (range === undefined) return 0;
    const weight = Number(/;\s*q\s*=\s*([\d.]+)/i.exec(range)?.[1] ?? 1);
    return Number.isFinite(weight) ? weight : 0;
  };
  return weightOf('text/event-stream') > weightOf('application/x-ndjson');
};
