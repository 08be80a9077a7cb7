import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsString, Length } from 'class-validator';

import { Amount, Optional, OrderId, Uuid, amountSchema, orderIdSchema } from '../fields.js';
import { ConfirmationToken } from '../payment-method/confirmation-token.js';

export class CreatePaymentDto {
  @ApiProperty({ ...amountSchema, description: 'Minor units of `currency`.' })
  @Amount()
  amount!: number;

  @ApiProperty({ description: 'ISO 4217 code.', minLength: 3, maxLength: 3, pattern: '^[A-Za-z]{3}$', example: 'usd' })
  @IsString()
  @Length(3, 3)
  currency!: string;

  @ApiProperty({ format: 'uuid' })
  @Uuid()
  customerId!: string;

  @ApiPropertyOptional({
    format: 'uuid',
    description: 'Given: the charge is attempted at once. Left out: confirm it later.',
  })
  @Optional()
  @Uuid()
  paymentMethodId?: string;

  @ApiPropertyOptional({
    enum: ['automatic', 'manual'],
    default: 'automatic',
    description: '`manual` only authorizes; capture it later.',
  })
  @Optional()
  @IsIn(['automatic', 'manual'])
  captureMethod?: 'automatic' | 'manual';

  @ApiPropertyOptional({ ...orderIdSchema, description: 'Your own reference, to filter by.' })
  @Optional()
  @OrderId()
  orderId?: string;
}

export class ConfirmPaymentDto {
  @ApiPropertyOptional({ format: 'uuid', description: "Default: the last attempt's." })
  @Optional()
  @Uuid()
  paymentMethodId?: string;

  @ConfirmationToken(
    "What the processor's form made of the payer's choice, in their browser, for this payment alone; instead of a payment method. " +
      'Never a card number.',
  )
  confirmationToken?: string;
}

export class CapturePaymentDto {
  @ApiPropertyOptional({ ...amountSchema, description: 'Minor units. Default: all that is left of the authorization.' })
  @Optional()
  @Amount()
  amount?: number;

  @ApiPropertyOptional({ default: true, description: 'Whether this is the last capture; it then releases the rest.' })
  @Optional()
  @IsBoolean()
  final?: boolean;
}

export class CancelPaymentDto {
  @ApiPropertyOptional({ enum: ['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'] })
  @Optional()
  @IsIn(['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'])
  reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer' | 'abandoned';
}

export class RefundPaymentDto {
  @ApiPropertyOptional({ ...amountSchema, description: 'Minor units. Default: all that is refundable.' })
  @Optional()
  @Amount()
  amount?: number;

  @ApiPropertyOptional({ enum: ['duplicate', 'fraudulent', 'requested_by_customer'] })
  @Optional()
  @IsIn(['duplicate', 'fraudulent', 'requested_by_customer'])
  reason?: 'duplicate' | 'fraudulent' | 'requested_by_customer';
}
