import type { ValidationError } from '@nestjs/common';
import { ValidationPipe } from '@nestjs/common';

import type { FieldError } from './invalid-input.js';
import { InvalidInput } from './invalid-input.js';

const codes: Record<string, string> = {
  whitelistValidation: 'unknown_field',
  isInt: 'invalid_type',
  isString: 'invalid_type',
  isBoolean: 'invalid_type',
  isObject: 'invalid_type',
};

/** As much as anybody mends at once; what a caller sent comes back in no greater length than this. */
const maxErrors = 20;
const maxNameLength = 100;

/** A body that is not a JSON object arrives as this field. */
const wholeBody = 'body';

const errorsOf = (errors: readonly ValidationError[], path = ''): FieldError[] =>
  errors.flatMap((error) => {
    const name = error.property.slice(0, maxNameLength);
    const field = path === '' ? name : `${path}.${name}`;
    const own = Object.entries(error.constraints ?? {});
    // A number where text belongs breaks every rule about text: the type is what to mend first.
    const [rule, message] = own.find(([name]) => codes[name]) ?? own[0] ?? [];
    const found = rule !== undefined && message !== undefined ? [fieldError(error, field, rule, message)] : [];
    return [...found, ...errorsOf(error.children ?? [], field)];
  });

const fieldError = (error: ValidationError, field: string, rule: string, message: string): FieldError => {
  if (rule === 'whitelistValidation')
    return { field, code: 'unknown_field', message: `${field} is not a field of this request; remove it` };
  if (error.value === undefined) return { field, code: 'missing_field', message: `${field} is missing` };
  const context = error.contexts?.[rule] as { code: string } | undefined;
  return { field, code: context?.code ?? codes[rule] ?? 'invalid_field', message };
};

/** Checks DTOs: unknown fields, wrong types and missing ones are refused, each named. Nothing is coerced. */
export const validation = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    exceptionFactory: (found) => {
      const errors = errorsOf(found).slice(0, maxErrors);
      const [first = { field: wholeBody, code: 'invalid_type', message: 'the body must be a JSON object' }] = errors;
      return new InvalidInput('invalid', first.code, first.message, first.field, errors);
    },
  });
