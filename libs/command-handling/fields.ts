import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsInt, IsString, IsUUID, Length, Matches, Max, Min, ValidateIf } from 'class-validator';

/** The field may be left out. `null` is not left out: unlike class-validator's IsOptional, this lets the other rules judge it. */
export const Optional = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

const amountLimits = { minimum: 1, maximum: 999_999_999_999 } as const;

/** A whole, positive number of minor units, as far as that can be told without a currency. */
export const Amount = (): PropertyDecorator =>
  applyDecorators(
    Min(amountLimits.minimum, {
      message: '$property must be a whole, positive number of minor units',
      context: { code: 'amount_invalid' },
    }),
    Max(amountLimits.maximum, {
      message: '$property is above what any currency can be charged',
      context: { code: 'amount_too_large' },
    }),
    IsInt(),
  );

/** What `Amount` takes, as JSON Schema says it. */
export const amountSchema = { type: 'integer', format: 'int64', ...amountLimits, example: 1999 } as const;

/** A UUID in either case, read in lower case: the same id has one spelling in streams and rows. */
export const Uuid = (): PropertyDecorator =>
  applyDecorators(
    IsUUID('loose'),
    Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toLowerCase() : value)),
  );

/** Text that a person wrote, 1 to `maxLength` characters: no control characters and no half of a surrogate pair. */
export const Text = (maxLength: number): PropertyDecorator =>
  applyDecorators(
    IsString(),
    Length(1, maxLength),
    Matches(/^[^\p{Cc}\p{Cs}]*$/u, { message: '$property must be text without control characters' }),
  );

/** What `Text` takes, as JSON Schema says it. */
export const textSchema = (maxLength: number) => ({
  minLength: 1,
  maxLength,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
});

/** Text of several lines, 1 to `maxLength` characters: tabs and line breaks, and no other control characters. */
export const Prose = (maxLength: number): PropertyDecorator =>
  applyDecorators(
    IsString(),
    Length(1, maxLength),
    Matches(/^(?:[\t\n\r]|[^\p{Cc}\p{Cs}])*$/u, {
      message: '$property must be text without control characters other than tabs and line breaks',
    }),
  );

/** What `Prose` takes, as JSON Schema says it. */
export const proseSchema = (maxLength: number) => ({
  minLength: 1,
  maxLength,
  pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$',
});

/** A caller's own reference: printable ASCII without spaces, so that it survives every header, log and file. */
export const OrderId = (): PropertyDecorator =>
  applyDecorators(
    IsString(),
    Length(1, 100),
    Matches(/^[\x21-\x7e]+$/, { message: 'orderId must be printable ASCII without spaces' }),
  );

/** What `OrderId` takes, as JSON Schema says it. */
export const orderIdSchema = { minLength: 1, maxLength: 100, pattern: '^[\\x21-\\x7e]+$' };
