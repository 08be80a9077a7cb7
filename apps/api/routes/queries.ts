import type { PaymentStatus } from '#domain/payment';
import type { RefundStatus } from '#projections';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsISO8601, IsOptional, IsString, IsUUID, Length, Matches, Max, Min } from 'class-validator';

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

/** What every list takes. */
export class ListQuery {
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 100, default: 20 })
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;

  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before.', maxLength: 500 })
  @IsOptional()
  @IsString()
  @Length(1, 500)
  cursor?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Created at or after.' })
  @IsOptional()
  @IsISO8601({ strict: true })
  createdFrom?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Created before.' })
  @IsOptional()
  @IsISO8601({ strict: true })
  createdTo?: string;
}

export class PaymentsQuery extends ListQuery {
  @ApiPropertyOptional({ enum: [...paymentStatuses] })
  @IsOptional()
  @IsIn(paymentStatuses)
  status?: PaymentStatus;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID('loose')
  customerId?: string;

  @ApiPropertyOptional({ minLength: 1, maxLength: 100, pattern: '^[\\x21-\\x7e]+$' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  @Matches(/^[\x21-\x7e]+$/, { message: 'orderId must be printable ASCII without spaces' })
  orderId?: string;
}

export class RefundsQuery extends ListQuery {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID('loose')
  paymentId?: string;

  @ApiPropertyOptional({ enum: [...refundStatuses] })
  @IsOptional()
  @IsIn(refundStatuses)
  status?: RefundStatus;
}
