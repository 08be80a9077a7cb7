import { Optional, OrderId, Uuid, orderIdSchema } from '#command-handling';
import type { DisputeStatus, PaymentStatus } from '#domain/payment';
import type { RefundStatus } from '#projections';
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, IsIn, IsInt, IsString, Length, Matches, Max, Min } from 'class-validator';

export const paymentStatuses: readonly PaymentStatus[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'in_review',
  'authorized',
  'succeeded',
  'failed',
  'canceled',
  'partially_refunded',
  'refunded',
  'disputed',
];
export const refundStatuses: readonly RefundStatus[] = ['pending', 'succeeded', 'failed'];

export const disputeStatuses: readonly DisputeStatus[] = [
  'inquiry',
  'inquiry_under_review',
  'inquiry_closed',
  'needs_response',
  'under_review',
  'won',
  'lost',
  'prevented',
];

/** A number in a query: digits alone, where Number() would take `0x10`, `1e1` and blanks. Anything else stays what it is. */
export const Decimal = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value,
  );

/** Lines of an answer where the caller does not say how many. */
export const defaultLines = 100;

/** How many lines an answer has at most: 1 to 1,000. */
export const LineLimit = (description = 'Of lines.'): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1000, default: defaultLines, description }),
    Optional(),
    Decimal(),
    IsInt(),
    Min(1),
    Max(1_000),
  );

/** RFC 3339, within what Postgres takes for a time: from the year 1 on, offsets below 16 hours. */
const Instant = (): PropertyDecorator =>
  Matches(/^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-](0\d|1[0-5]):[0-5]\d)$/, {
    message: '$property must be an RFC 3339 time, such as 2026-11-21T04:00:00Z',
    context: { code: 'invalid_time' },
  });

/** What every list takes. */
export class PageQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 20 })
  @Optional()
  @Decimal()
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;

  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before.', maxLength: 500 })
  @Optional()
  @IsString()
  @Length(1, 500)
  cursor?: string;
}

/** What every list of a tenant's takes. */
export class ListQuery extends PageQuery {
  @ApiPropertyOptional({ format: 'date-time', description: 'Created at or after.' })
  @Optional()
  @Instant()
  createdFrom?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Created before.' })
  @Optional()
  @Instant()
  createdTo?: string;
}

export class CustomersQuery extends ListQuery {
  @ApiPropertyOptional({
    format: 'email',
    maxLength: 254,
    description: 'The one customer with this very email address, whatever its case.',
  })
  @Optional()
  @IsEmail({ allow_utf8_local_part: true })
  @Length(3, 254)
  email?: string;
}

export class PaymentsQuery extends ListQuery {
  @ApiPropertyOptional({ enum: [...paymentStatuses] })
  @Optional()
  @IsIn(paymentStatuses)
  status?: PaymentStatus;

  @ApiPropertyOptional({ format: 'uuid' })
  @Optional()
  @Uuid()
  customerId?: string;

  @ApiPropertyOptional(orderIdSchema)
  @Optional()
  @OrderId()
  orderId?: string;
}

export class RefundsQuery extends ListQuery {
  @ApiPropertyOptional({ format: 'uuid' })
  @Optional()
  @Uuid()
  paymentId?: string;

  @ApiPropertyOptional({ enum: [...refundStatuses] })
  @Optional()
  @IsIn(refundStatuses)
  status?: RefundStatus;
}

export class DisputesQuery extends ListQuery {
  @ApiPropertyOptional({ format: 'uuid' })
  @Optional()
  @Uuid()
  paymentId?: string;

  @ApiPropertyOptional({ enum: [...disputeStatuses] })
  @Optional()
  @IsIn(disputeStatuses)
  status?: DisputeStatus;
}
