import type { OpenAPIObject } from '@nestjs/swagger';

type Paths = OpenAPIObject['paths'];
type Operation = NonNullable<Paths[string]['get']>;
type Responses = Operation['responses'];
type Headers = NonNullable<Exclude<NonNullable<Responses[string]>, { $ref: string }>['headers']>;

const text = { type: 'string' as const };
const header = (description: string, required = true) => ({ description, required, schema: text });
const requestId = { 'Request-Id': header('Names the request in our logs; `requestId` of a problem.') };

const problem = (description: string, headers: Headers = {}): Responses[string] => ({
  description,
  headers: { ...requestId, ...headers },
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

/** What can go wrong where nobody is asked who they are. */
const problems: Responses = {
  400: problem('A header or the path is malformed.'),
  404: problem('The published log has no such file, or none yet.'),
  408: problem('The request did not arrive in time: 30 seconds, headers and body.'),
  414: problem('The URL is longer than 8,192 characters.'),
  429: problem('More than one network may ask.', { 'Retry-After': header('Seconds to wait.') }),
  431: problem('The headers are larger than 16 KiB.'),
  500: problem('Something went wrong on our side; `requestId` says where to look.'),
  503: problem('The store of the log cannot be read now, or what is in it does not hold (`audit_log_inconsistent`).', {
    'Retry-After': header('Seconds to wait.', false),
  }),
};

const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header' as const,
  required: false,
  description: 'The `ETag` of what the client has: 304 where it is that still.',
  schema: text,
};

interface File {
  operationId: string;
  summary: string;
  description: string;
  /** Parameters of the path. */
  parameters?: NonNullable<Operation['parameters']>;
  type: 'text/plain' | 'application/octet-stream' | 'application/json';
  schema?: object;
  example?: unknown;
}

const fileOf = ({ operationId, summary, description, parameters = [], type, schema = text, example }: File) => {
  const headers = {
    ...requestId,
    ETag: header('Of these bytes.'),
    'Cache-Control': header('How long they may be kept.'),
  };
  const get: Operation = {
    ...{ operationId, summary, description, tags: ['Audit log'] },
    // Whoever asks: the log tells nothing of anybody.
    security: [],
    parameters: [...parameters, ifNoneMatch],
    responses: {
      200: {
        description: 'The file.',
        headers,
        content: { [type]: { schema, ...(example !== undefined && { example }) } },
      },
      304: { description: 'It is what the client has.', headers },
      ...problems,
    },
  };
  return { get };
};

const vkey = 'localhost/billing-audit+0a1b2c3d+AVTmFZtNVvvNzVtVdLBzyB5fFZtJ1xYd0bZ4vJ1yX3qM';

/**
 * The audit log as outsiders read it, a C2SP tlog-tiles log under the prefix `/v1/audit`. Written by hand: the path of a tile has slashes in it,
 * which OpenAPI has no word for.
 */
export const publishedLogPaths: Paths = {
  '/v1/audit/checkpoint': fileOf({
    operationId: 'PublishedLog_checkpoint',
    summary: 'Get the newest checkpoint of the audit log',
    description:
      'A signed note (C2SP tlog-checkpoint): the size of the log and the hash of its tree. `/v1/audit` is the prefix of a C2SP tlog-tiles log; ' +
      '`billing audit verify --url` verifies all of it.',
    type: 'text/plain',
    example:
      'billing.example.com/audit\n2048\nnND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=\n\n— billing.example.com/audit Wm90ZSBvZiBhIHRyZWUgaGVhZA==\n',
  }),
  '/v1/audit/vkey': fileOf({
    operationId: 'PublishedLog_vkey',
    summary: 'Get the keys that the audit log signs with, one a line',
    description:
      'Verifier keys (C2SP signed-note), newest first. Pin what you were given elsewhere: `/v1/audit/keys` leads from it to these.',
    type: 'text/plain',
    example: `${vkey}\n`,
  }),
  '/v1/audit/keys': fileOf({
    operationId: 'PublishedLog_keys',
    summary: 'Get the history of the keys of the audit log',
    description:
      'Of each event of it the key and the receipt, oldest first: whoever pinned the first key follows it to the newest.',
    type: 'application/json',
    schema: { $ref: '#/components/schemas/AuditKeyHistory' },
  }),
  '/v1/audit/keys/{number}': fileOf({
    operationId: 'PublishedLog_key',
    summary: 'Get one receipt of the history of keys',
    description: 'A C2SP tlog-proof of the event, under a checkpoint that the keys before it have signed.',
    parameters: [
      {
        ...{ name: 'number', in: 'path', required: true, example: '001' },
        description: 'Which one, from `001` on.',
        schema: { ...text, pattern: '^\\d{3}$' },
      },
    ],
    type: 'text/plain',
  }),
  '/v1/audit/tile/{path}': fileOf({
    operationId: 'PublishedLog_tile',
    summary: 'Get a tile, or the entries of one',
    description:
      'Of C2SP tlog-tiles: `<level>/<index>` is a tile of hashes, `entries/<index>` holds the leaves of one of level 0; `.p/<width>` at the end asks for a ' +
      'partial one. An index is in groups of three digits, all but the last with an `x`: tile 1,234,067 is `x001/x234/067`. **The slashes are sent as they ' +
      'are, not as `%2F`**, which OpenAPI cannot say. 404 for what the checkpoint does not cover.',
    parameters: [
      {
        ...{ name: 'path', in: 'path', required: true, example: '0/000.p/7' },
        description: 'What follows `tile/` in the path of C2SP tlog-tiles.',
        schema: { ...text, pattern: '^(\\d{1,2}|entries)/(x\\d{3}/)*\\d{3}(\\.p/\\d{1,3})?$' },
      },
    ],
    type: 'application/octet-stream',
    schema: { ...text, format: 'binary' },
  }),
};
