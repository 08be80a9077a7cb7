import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsEmail, IsObject, Length, Matches, ValidateNested } from 'class-validator';

import { Optional, Text, Uuid, textSchema } from '../fields.js';

export class AddressDto {
  @ApiPropertyOptional(textSchema(200))
  @Optional()
  @Text(200)
  line1?: string;

  @ApiPropertyOptional(textSchema(200))
  @Optional()
  @Text(200)
  line2?: string;

  @ApiPropertyOptional(textSchema(100))
  @Optional()
  @Text(100)
  city?: string;

  @ApiPropertyOptional(textSchema(100))
  @Optional()
  @Text(100)
  state?: string;

  @ApiPropertyOptional(textSchema(20))
  @Optional()
  @Text(20)
  postalCode?: string;

  @ApiPropertyOptional({ description: 'ISO 3166-1 alpha-2.', pattern: '^[A-Z]{2}$', example: 'DE' })
  @Optional()
  @Matches(/^[A-Z]{2}$/, { message: 'country must be a two-letter ISO 3166-1 code in capitals' })
  country?: string;
}

export class CreateCustomerDto {
  @ApiProperty({ format: 'email', maxLength: 254, example: 'ada@example.com' })
  @IsEmail({ allow_utf8_local_part: true })
  @Length(3, 254)
  email!: string;

  @ApiPropertyOptional(textSchema(200))
  @Optional()
  @Text(200)
  name?: string;

  @ApiPropertyOptional({ type: AddressDto })
  @Optional()
  @IsObject()
  @ValidateNested()
  @Type(() => AddressDto)
  address?: AddressDto;
}

export class SetDefaultPaymentMethodDto {
  @ApiProperty({ format: 'uuid', description: "One of the customer's own that is attached." })
  @Uuid()
  paymentMethodId!: string;
}
