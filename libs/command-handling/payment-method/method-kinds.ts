import type { PaymentMethodKind } from '#domain/payment-method';
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsIn } from 'class-validator';

import { Optional } from '../fields.js';

/** All the kinds. */
export const methodKinds = ['card', 'us_bank_account'] as const satisfies readonly PaymentMethodKind[];

/** A kind of payment method that a payer may choose. */
export type MethodKind = PaymentMethodKind;

/** The kinds that a payer may choose from, each once; may be left out. */
export const MethodKinds = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description,
      type: 'array',
      items: { type: 'string', enum: [...methodKinds] },
      minItems: 1,
      maxItems: methodKinds.length,
      uniqueItems: true,
    }),
    Optional(),
    IsIn(methodKinds, { each: true }),
    ArrayUnique(),
    ArrayMaxSize(methodKinds.length),
    ArrayMinSize(1),
    IsArray(),
  );
