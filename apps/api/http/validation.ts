import type { ValidationError } from '@nestjs/common';
import { ValidationPipe } from '@nestjs/common';

import type { FieldError } from './problem.js';
import { ProblemError } from './problem.js';

const codes: Record<string, string> = {
  whitelistValidation: 'unknown_field',
  isDefined: 'missing_field',
  isInt: 'invalid_type',
  isString: 'invalid_type',
  isBoolean: 'invalid_type',
  isObject: 'invalid_type',
};

/** A body that is not a JSON object arrives as this field. */
const wholeBody = 'body';

const errorsOf = (errors: readonly ValidationError[], path = ''): FieldError[] =>
  errors.flatMap((error) => {
    const field = path === '' ? error.property : `${path}.${error.property}`;
    const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
      field,
      code:
        error.value === undefined && rule !== 'whitelistValidation'
          ? 'missing_field'
          : (codes[rule] ?? 'invalid_field'),
      message: rule === 'whitelistValidation' ? `${field} is not a field of this request; remove it` : message,
    }));
    return [...own.slice(0, 1), ...errorsOf(error.children ?? [], field)];
  });

/** Checks DTOs: unknown fields, wrong types and missing ones are refused, each named. Nothing is coerced. */
export const validation = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    exceptionFactory: (found) => {
      const errors = errorsOf(found);
      const [first = { field: wholeBody, code: 'invalid_type', message: 'the body must be a JSON object' }] = errors;
      return new ProblemError(400, first.code, first.message, { field: first.field, errors });
    },
  });
