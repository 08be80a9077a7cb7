import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiResponse } from '@nestjs/swagger';

const shape = (name: string) => ({ schema: { $ref: `#/components/schemas/${name}` } });
const json = (name: string) => ({ 'application/json': shape(name) });

const problem = (status: number, description: string) =>
  ApiResponse({ status, description, content: { 'application/problem+json': shape('Problem') } });

/** What can go wrong on every route that has a caller. */
const always = [
  problem(400, 'A header or a parameter is missing or malformed.'),
  problem(401, 'No good token, or the step-up of RFC 9470 is missing.'),
  problem(403, "The token lacks the route's scope, or names no tenant."),
  problem(431, 'The headers are too large.'),
  problem(503, 'The service cannot answer now; send the request again with the same key.'),
];

const notFoundProblem = problem(404, 'Not there, or not yours.');

const tenant = ApiHeader({
  name: 'Billing-Tenant',
  required: false,
  description: 'The tenant to act for, where the token is bound to none (platform_admin).',
  schema: { type: 'string', format: 'uuid' },
});
const minPosition = ApiHeader({
  name: 'Billing-Min-Position',
  required: false,
  description: "Waits until the read models have this position: the `Billing-Position` of your own command's answer.",
  schema: { type: 'string', pattern: '^(\\d|1[0-5]):\\d{1,15}$' },
});
const prefer = ApiHeader({
  name: 'Prefer',
  required: false,
  description: 'RFC 7240. `wait=S` waits up to S seconds (default 5, at most 60) for the processor.',
  schema: { type: 'string', pattern: '^wait=\\d{1,2}$', example: 'wait=5' },
});
const key = ApiHeader({
  name: 'Idempotency-Key',
  required: true,
  description: 'A key of your own. The same key and request again: the same answer, and nothing happens twice.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
});

const answerHeaders = {
  ETag: { description: 'Version of what is answered.', schema: { type: 'string' as const } },
  'Billing-Position': {
    description: 'Where in the log it stands, shard:position.',
    schema: { type: 'string' as const },
  },
  'Idempotency-Replayed': {
    description: '`true` when an earlier call with this key did it.',
    schema: { type: 'string' as const },
  },
};

/** A query: its answer, and every problem it can have. */
export const Answers = (schema: string): MethodDecorator =>
  applyDecorators(
    ApiBearerAuth(),
    tenant,
    minPosition,
    prefer,
    ApiResponse({ status: 200, description: 'Found.', content: json(schema) }),
    ...always,
    notFoundProblem,
  );

/** A query that answers lines of JSON. */
export const AnswersLines = (): MethodDecorator =>
  applyDecorators(
    ApiBearerAuth(),
    tenant,
    ApiResponse({
      status: 200,
      description: 'One event a line.',
      content: { 'application/x-ndjson': { schema: { type: 'string' } } },
    }),
    ...always,
    notFoundProblem,
  );

/** A command: its answer once done, 202 while the processor has not spoken, and every problem it can have. */
export const AnswersCommand = (schema: string, done: 200 | 201, { alsoExisting = false } = {}): MethodDecorator =>
  applyDecorators(
    ApiBearerAuth(),
    tenant,
    prefer,
    key,
    ApiResponse({ status: done, description: 'Done.', headers: answerHeaders, content: json(schema) }),
    ...(alsoExisting
      ? [
          ApiResponse({
            status: 200,
            description: 'It was there already.',
            headers: answerHeaders,
            content: json(schema),
          }),
        ]
      : []),
    ApiResponse({
      status: 202,
      description: 'Accepted; the processor has not spoken yet.',
      headers: answerHeaders,
      content: json(schema),
    }),
    ...always,
    notFoundProblem,
    problem(409, 'It cannot be done now: the state forbids it, an operation is in progress, or others changed it.'),
    problem(413, 'The body is larger than 64 KiB.'),
    problem(415, 'The body is not application/json.'),
    problem(
      422,
      'It cannot be done: a rule forbids it, the processor refused, or the key was used for something else.',
    ),
  );
