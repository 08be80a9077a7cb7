import { maxReason, reasonForm, reasonWords } from '#domain/tenant';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsString, Matches } from 'class-validator';

import { Optional, Text, Uuid, textSchema } from '../fields.js';

export class AddTenantDto {
  @ApiProperty({
    description: 'How those who run the service call it; no caller of the tenant sees it.',
    ...textSchema(200),
    example: 'Acme',
  })
  @Text(200)
  @Matches(/\S/, { message: 'name must hold more than blanks' })
  name!: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Its id, where it has one elsewhere. Default: a new one.' })
  @Optional()
  @Uuid()
  id?: string;
}

export class TenantReasonDto {
  @ApiProperty({
    description: `Why: ${reasonWords}. It is kept for good.`,
    pattern: reasonForm.source,
    maxLength: maxReason,
    example: 'OPS-1234',
  })
  @IsString()
  @Matches(reasonForm, {
    message: `reason must be ${reasonWords}`,
    context: { code: 'invalid_reason' },
  })
  reason!: string;
}
