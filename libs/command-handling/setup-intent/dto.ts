import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn } from 'class-validator';

import { Optional, Uuid } from '../fields.js';
import { ConfirmationToken } from '../payment-method/confirmation-token.js';
import type { MethodKind } from '../payment-method/method-kinds.js';
import { MethodKinds } from '../payment-method/method-kinds.js';

const usages = ['on_session', 'off_session'] as const;

export class CreateSetupIntentDto {
  @ApiProperty({ format: 'uuid' })
  @Uuid()
  customerId!: string;

  @MethodKinds('What the payer may choose from; all of them unless said.')
  paymentMethodTypes?: readonly MethodKind[];

  @ApiPropertyOptional({
    description: 'Whether the payer will be there when it is charged.',
    enum: [...usages],
    default: 'off_session',
  })
  @Optional()
  @IsIn(usages)
  usage?: 'on_session' | 'off_session';

  @ConfirmationToken(
    "What the processor's form made of the payer's choice, in their browser: then it is confirmed at once. Never a card number.",
  )
  confirmationToken?: string;
}
