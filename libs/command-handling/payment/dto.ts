import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsOptional, IsString, IsUUID, Length, Matches } from 'class-validator';

const amount = { type: 'integer', format: 'int64', minimum: 1, maximum: 999_999_999_999, example: 1999 } as const;

export class CreatePaymentDto {
  @ApiProperty({ ...amount, description: 'Minor units of `currency`.' })
  @IsInt()
  amount!: number;

  @ApiProperty({ description: 'ISO 4217 code.', minLength: 3, maxLength: 3, pattern: '^[A-Za-z]{3}$', example: 'usd' })
  @IsString()
  @Length(3, 3)
  currency!: string;

  @ApiProperty({ format: 'uuid' })
  @IsUUID('loose')
  customerId!: string;

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Given: the charge is attempted at once. Left out: confirm it later.',
  })
  @IsOptional()
  @IsUUID('loose')
  paymentMethodId?: string;

  @ApiPropertyOptional({
    enum: ['automatic', 'manual'],
    default: 'automatic',
    description: '`manual` only authorizes; capture it later.',
  })
  @IsOptional()
  @IsIn(['automatic', 'manual'])
  captureMethod?: 'automatic' | 'manual';

  @ApiPropertyOptional({
    maxLength: 100,
    minLength: 1,
    pattern: '^[\\x21-\\x7e]+$',
    description: 'Your own reference, to filter by.',
  })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  @Matches(/^[\x21-\x7e]+$/, { message: 'orderId must be printable ASCII without spaces' })
  orderId?: string;
}

export class ConfirmPaymentDto {
  @ApiPropertyOptional({ format: 'uuid', description: "Default: the last attempt's." })
  @IsOptional()
  @IsUUID('loose')
  paymentMethodId?: string;
}

export class CapturePaymentDto {
  @ApiPropertyOptional({ ...amount, description: 'Minor units. Default: all that is left of the authorization.' })
  @IsOptional()
  @IsInt()
  amount?: number;

  @ApiPropertyOptional({ default: true, description: 'Whether this is the last capture; it then releases the rest.' })
  @IsOptional()
  @IsBoolean()
  final?: boolean;
}

export class CancelPaymentDto {
  @ApiPropertyOptional({ enum: ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'] })
  @IsOptional()
  @IsIn(['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'])
  reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer' | 'abandoned';
}

export class RefundPaymentDto {
  @ApiPropertyOptional({ ...amount, description: 'Minor units. Default: all that is refundable.' })
  @IsOptional()
  @IsInt()
  amount?: number;

  @ApiPropertyOptional({ enum: ['duplicate', 'fraudulent', 'requested_by_customer'] })
  @IsOptional()
  @IsIn(['duplicate', 'fraudulent', 'requested_by_customer'])
  reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer';
}
