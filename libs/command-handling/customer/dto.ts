import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsEmail, IsObject, IsOptional, IsString, Length, Matches, ValidateNested } from 'class-validator';

/** Text that a person wrote: no control characters, which Postgres and terminals do not forgive. */
const printable = /^[^\p{Cc}\p{Cs}]*$/u;
const text = (maxLength: number) => ({ minLength: 1, maxLength });

export class AddressDto {
  @ApiPropertyOptional(text(200))
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @Matches(printable)
  line1?: string;

  @ApiPropertyOptional(text(200))
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @Matches(printable)
  line2?: string;

  @ApiPropertyOptional(text(100))
  @IsOptional()
  @IsString()
  @Length(1, 100)
  @Matches(printable)
  city?: string;

  @ApiPropertyOptional(text(100))
  @IsOptional()
  @IsString()
  @Length(1, 100)
  @Matches(printable)
  state?: string;

  @ApiPropertyOptional(text(20))
  @IsOptional()
  @IsString()
  @Length(1, 20)
  @Matches(printable)
  postalCode?: string;

  @ApiPropertyOptional({ description: 'ISO 3166-1 alpha-2.', pattern: '^[A-Z]{2}$', example: 'DE' })
  @IsOptional()
  @Matches(/^[A-Z]{2}$/, { message: 'country must be a two-letter ISO 3166-1 code in capitals' })
  country?: string;
}

export class CreateCustomerDto {
  @ApiProperty({ format: 'email', maxLength: 254, example: 'ada@example.com' })
  @IsEmail({ allow_utf8_local_part: true })
  @Length(3, 254)
  email!: string;

  @ApiPropertyOptional(text(200))
  @IsOptional()
  @IsString()
  @Length(1, 200)
  @Matches(printable)
  name?: string;

  @ApiPropertyOptional({ type: AddressDto })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => AddressDto)
  address?: AddressDto;
}
