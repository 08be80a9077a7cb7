import { ApiProperty } from '@nestjs/swagger';
import { IsIn, Matches } from 'class-validator';

export class AttachPaymentMethodDto {
  @ApiProperty({ enum: ['card', 'us_bank_account'] })
  @IsIn(['card', 'us_bank_account'])
  type!: 'card' | 'us_bank_account';

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
