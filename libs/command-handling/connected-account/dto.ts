import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length, Matches } from 'class-validator';

export class LinkConnectedAccountDto {
  @ApiProperty({
    description: "The account's id at the processor.",
    minLength: 1,
    maxLength: 255,
    pattern: '^acct_[A-Za-z0-9]+$',
    example: 'acct_1Nv0FGQ9RKHgCVdK',
  })
  @IsString()
  @Length(1, 255)
  @Matches(/^acct_[A-Za-z0-9]+$/, { message: 'processorAccountId must be acct_ and then letters and digits' })
  processorAccountId!: string;
}
