import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsString, IsUrl, Length, Matches, Max, MaxLength, Min } from 'class-validator';

import { Amount, Optional, OrderId, Uuid, amountSchema, orderIdSchema } from '../fields.js';
import type { MethodKind } from '../payment-method/method-kinds.js';
import { MethodKinds } from '../payment-method/method-kinds.js';

const maxUrlLength = 2_000;
/** Where a payer goes on in their browser: https, or this machine while somebody tries it out. */
const returnForm = /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1)([:/?#]|$))/;
const returnWords = '$property must be an https URL';

const ReturnUrl = (): PropertyDecorator =>
  applyDecorators(
    Matches(returnForm, { message: returnWords }),
    Matches(/^\P{C}*$/u, { message: '$property must have no control or invisible characters; percent-encode them' }),
    IsUrl(
      { protocols: ['https', 'http'], require_protocol: true, require_tld: false, disallow_auth: true },
      { message: returnWords },
    ),
    MaxLength(maxUrlLength),
    IsString(),
  );

const returnSchema = { format: 'uri', maxLength: maxUrlLength };
const urlWords = 'https (http on loopback).';

export const checkoutMinutes = { minimum: 5, maximum: 1_440, default: 60 } as const;

export class CreateCheckoutSessionDto {
  @ApiProperty({ enum: ['payment', 'setup'], description: '`setup` saves a payment method and charges nothing.' })
  @IsIn(['payment', 'setup'])
  mode!: 'payment' | 'setup';

  @ApiProperty({ format: 'uuid' })
  @Uuid()
  customerId!: string;

  @ApiPropertyOptional({ ...amountSchema, description: 'Minor units of `currency`. Of `payment`, and needed there.' })
  @Optional()
  @Amount()
  amount?: number;

  @ApiPropertyOptional({
    description: 'ISO 4217 code. Of `payment`, and needed there.',
    minLength: 3,
    maxLength: 3,
    pattern: '^[A-Za-z]{3}$',
    example: 'usd',
  })
  @Optional()
  @IsString()
  @Length(3, 3)
  currency?: string;

  @ApiPropertyOptional({
    enum: ['automatic', 'manual'],
    default: 'automatic',
    description: '`manual` only authorizes; capture it later. Of `payment`, and of cards.',
  })
  @Optional()
  @IsIn(['automatic', 'manual'])
  captureMethod?: 'automatic' | 'manual';

  @ApiPropertyOptional({ ...orderIdSchema, description: 'Your own reference, of the payment.', example: 'basket-1' })
  @Optional()
  @OrderId()
  orderId?: string;

  @MethodKinds(
    'What the payer may choose from; everything that fits unless said. Bank accounts are debited in usd, at once.',
  )
  paymentMethodTypes?: MethodKind[];

  @ApiPropertyOptional({
    ...returnSchema,
    description: `Where the payer goes on once it is done: ${urlWords} Who gets there proves nothing by it: ask how the payment stands.`,
    example: 'https://shop.example/thanks',
  })
  @Optional()
  @ReturnUrl()
  successUrl?: string;

  @ApiPropertyOptional({
    ...returnSchema,
    description: `Where the payer goes who does not want to: ${urlWords}`,
    example: 'https://shop.example/cart',
  })
  @Optional()
  @ReturnUrl()
  cancelUrl?: string;

  @ApiPropertyOptional({ ...checkoutMinutes, type: 'integer' })
  @Optional()
  @Max(checkoutMinutes.maximum)
  @Min(checkoutMinutes.minimum)
  @IsInt()
  expiresInMinutes?: number;
}
