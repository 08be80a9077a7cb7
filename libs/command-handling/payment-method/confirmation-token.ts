import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';

import { Optional } from '../fields.js';

/** The form of the processor's confirmation tokens. */
export const confirmationTokenForm = /^ctoken_[A-Za-z0-9_]{1,120}$/;

/** What the processor's form made of the payer's choice, in their browser; may be left out. */
export const ConfirmationToken = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      description,
      pattern: confirmationTokenForm.source,
      example: 'ctoken_1NnQUf2eZvKYlo2CIObdtbnb',
    }),
    Optional(),
    Matches(confirmationTokenForm, {
      message: 'confirmationToken must be a confirmation token of the processor, such as ctoken_...',
    }),
  );
