import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';

import { Optional } from '../fields.js';
import type { MethodKind } from './method-kinds.js';
import { methodKinds } from './method-kinds.js';

export class AttachPaymentMethodDto {
  @ApiProperty({ enum: [...methodKinds] })
  @IsIn(methodKinds)
  type!: MethodKind;

  @ApiProperty({
    description: "The processor's token for the card or account, made in the payer's browser. Never a card number.",
    pattern: '^(pm|tok|btok)_[A-Za-z0-9_]{1,120}$',
    example: 'pm_card_visa',
  })
  @Matches(/^(pm|tok|btok)_[A-Za-z0-9_]{1,120}$/, {
    message: 'processorToken must be a token of the processor, such as pm_...',
  })
  processorToken!: string;
}

const detachReasons = ['requested_by_customer', 'replaced', 'lost_or_stolen', 'fraudulent'] as const;

/** Which one it is says the path, or the subject. */
export class DetachPaymentMethodDto {
  @ApiPropertyOptional({ enum: [...detachReasons] })
  @Optional()
  @IsIn(detachReasons)
  reason?: (typeof detachReasons)[number];
}
