import type { Type } from '@nestjs/common';
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiResponse } from '@nestjs/swagger';

const shape = (name: string) => ({ schema: { $ref: `#/components/schemas/${name}` } });
const json = (name: string) => ({ 'application/json': shape(name) });
const text = { type: 'string' as const };

const header = (description: string, required = true) => ({ description, required, schema: text });
const requestId = { 'Request-Id': header('Names the request in our logs; `requestId` of a problem.') };

const problem = (status: number, description: string, headers: Record<string, ReturnType<typeof header>> = {}) =>
  ApiResponse({
    status,
    description,
    headers: { ...requestId, ...headers },
    content: { 'application/problem+json': shape('Problem') },
  });

/** What can go wrong on every route that has a caller. What the table of who may do what adds is in `withAccess`. */
const always = [
  problem(400, 'A header, a parameter or the body is missing or malformed; `field` says which.'),
  problem(401, 'No good token, or the step-up of RFC 9470 is missing.', {
    'WWW-Authenticate': header('The challenge of RFC 6750 or RFC 9470.'),
  }),
  problem(403, "The token lacks the route's scope, names no tenant or another one, or the tenant is suspended.", {
    'WWW-Authenticate': header('The challenge of RFC 6750, where a scope is missing.', false),
  }),
  problem(404, 'Not there, or not yours.'),
  problem(408, 'The request did not arrive in time: 30 seconds, headers and body.'),
  problem(414, 'The URL is longer than 8,192 characters.'),
  problem(431, 'The headers are larger than 16 KiB.'),
  problem(500, 'Something went wrong on our side; `requestId` says where to look.'),
  problem(503, 'The service cannot answer now; send the request again with the same key.', {
    'Retry-After': header('Seconds to wait.', false),
  }),
];

const minPosition = ApiHeader({
  name: 'Billing-Min-Position',
  required: false,
  description: "Waits until the read models have this position: the `Billing-Position` of your own command's answer.",
  schema: { type: 'string', pattern: '^(\\d|1[0-5]):\\d{1,15}$' },
});
const prefer = ApiHeader({
  name: 'Prefer',
  required: false,
  description:
    'RFC 7240. `wait=S` waits up to S seconds (default 5, at most 60); other preferences are ignored. A command waits ' +
    'for the processor, a query for `Billing-Min-Position`.',
  schema: { type: 'string', example: 'wait=5' },
});
const key = ApiHeader({
  name: 'Idempotency-Key',
  required: true,
  description: 'A key of your own. The same key and request again: the same answer, and nothing happens twice.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
});

const version = { ETag: header('Version of what is answered.') };
const answerHeaders = {
  ...requestId,
  ...version,
  'Billing-Position': header('Where in the log it stands, shard:position.'),
  Location: header('Where to read what was created.', false),
  'Idempotency-Replayed': header('`true` when an earlier call with this key did it.', false),
};

/** A query of the read models for one thing: its answer, and every problem it can have. */
export const Answers = (schema: string): MethodDecorator =>
  applyDecorators(minPosition, prefer, answersQuery(schema, { ...requestId, ...version }));

/** A query of the read models for a list: its answer, and every problem it can have. */
export const AnswersPage = (schema: string): MethodDecorator =>
  applyDecorators(minPosition, prefer, answersQuery(schema, requestId));

/** A list of changes with their proofs, which may be waited for. */
export const AnswersHistory = (schema: string): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'Prefer',
      required: false,
      description:
        'RFC 7240. `wait=S` waits up to S seconds (default 0, at most 60) for a published checkpoint that covers every change of the page.',
      schema: { type: 'string', example: 'wait=5' },
    }),
    answersQuery(schema, requestId),
  );

/** A query of what is always present: there is nothing to wait for. */
export const AnswersAtOnce = (schema: string): MethodDecorator => answersQuery(schema, requestId);

const answersQuery = (schema: string, headers: Record<string, ReturnType<typeof header>>): MethodDecorator =>
  applyDecorators(ApiResponse({ status: 200, description: 'Found.', headers, content: json(schema) }), ...always);

/** The events of a tenant, as lines of JSON or as server-sent events. */
export const AnswersEvents = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description:
        'Of a stream, and looked at for one alone: the id of the last event that the client has, shard:position. Browsers send it by themselves.',
      schema: { type: 'string' },
    }),
    ApiResponse({
      status: 200,
      description: 'One event a line; or a stream of events whose ids are positions and whose data is such a line.',
      headers: { ...requestId, 'Billing-Position': header('Of lines: where to go on, shard:position.', false) },
      content: { 'application/x-ndjson': { schema: text }, 'text/event-stream': { schema: text } },
    }),
    ...always,
  );

/** A receipt of the audit log, as a file. */
export const AnswersReceipt = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'Prefer',
      required: false,
      description:
        'RFC 7240. `wait=S` waits up to S seconds (default 5, at most 60) for a published checkpoint that covers the event.',
      schema: { type: 'string', example: 'wait=5' },
    }),
    ApiResponse({
      status: 200,
      description:
        'A C2SP tlog-proof: the leaf, the hashes to the root, and the signed checkpoint. Its `extra` line opens the leaf: salt and event.',
      headers: {
        ...requestId,
        'Billing-Leaf': header('The leaf of the event in the log, from 0 on.'),
        'Content-Disposition': header('A name for the file: `<event id>.tlog-proof`.'),
      },
      content: { 'text/plain': { schema: text, example: receiptExample } },
    }),
    ...always,
    problem(409, '`not_yet_anchored`: the event is recorded, and no published checkpoint covers it yet.', {
      'Retry-After': header('Seconds to wait.'),
    }),
  );

const receiptExample = `c2sp.org/tlog-proof@v1
extra eyJldmVudCI6Ii4uLiIsInBvc2l0aW9uIjo3LCJzYWx0IjoiLi4uIiwic2hhcmQiOjMsInYiOjF9
index 1041
q0Rl2zQWZgf7nRb2l0t6vZyV2a5YQ0t0G3lV6mB5b3E=

billing.example.com/audit
2048
nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=

— billing.example.com/audit Wm90ZSBvZiBhIHRyZWUgaGVhZA==
`;

/** What opens the leaves of a tenant, as lines of JSON. */
export const AnswersOpenings = (): MethodDecorator =>
  applyDecorators(
    ApiResponse({
      status: 200,
      description:
        'One leaf a line, in the order of the log: its index, and the place, the salt and the event that it commits to.',
      headers: {
        ...requestId,
        'Billing-Leaf': header('The leaf up to which the log was looked through: where to go on.', false),
        'Billing-Tree-Size': header('Leaves of the published log.'),
      },
      content: {
        'application/x-ndjson': {
          schema: text,
          example:
            '{"index":1041,"opening":{"event":"eyJjYXVzYXRpb25JZCI6Ii4uLiJ9","position":7,"salt":"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=","shard":3,"v":1}}\n',
        },
      },
    }),
    ...always,
  );

/** A command: its answer once done, 202 while the processor has not spoken, and every problem it can have. */
export const AnswersCommand = (schema: string, done: 200 | 201, { alsoExisting = false } = {}): MethodDecorator => {
  const answer = (status: number, description: string) =>
    ApiResponse({ status, description, headers: answerHeaders, content: json(schema) });
  return applyDecorators(
    prefer,
    key,
    answer(done, 'Done.'),
    ...(alsoExisting ? [answer(200, 'It was there already.')] : []),
    answer(202, 'Accepted; the processor has not spoken yet.'),
    ...always,
    problem(409, 'It cannot be done now: the state forbids it, an operation is in progress, or others changed it.'),
    problem(
      410,
      '`events_removed`: a repeat of what was done so long ago that its events were removed; it is not done again.',
    ),
    problem(413, 'The body is larger than 64 KiB.'),
    problem(415, 'The body is not application/json.'),
    problem(
      422,
      'It cannot be done: a rule forbids it, the processor refused, or the key was used for something else.',
    ),
  );
};

/** A command without a field that must be there: no body means `{}`. */
export const OptionalBody = (type: Type): MethodDecorator => ApiBody({ type, required: false });
