import type { NamedAction } from '#access';
import { actionOfRoute } from '#access';
import { maxReason, reasonForm, reasonWords } from '#domain/tenant';
import type { OpenAPIObject } from '@nestjs/swagger';

import { summaryOf } from './summaries.js';

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;
type Parameter = NonNullable<Operation['parameters']>[number];
type Header = Exclude<
  NonNullable<Exclude<Operation['responses'][string], { $ref: string } | undefined>['headers']>,
  undefined
>[string];

const methods = ['get', 'post', 'delete'] as const;

/** The document with what the table says of each operation: scopes, step-up, whose it is, what is recorded, and the limits. */
export const withAccess = (document: OpenAPIObject): OpenAPIObject => ({
  ...document,
  paths: Object.fromEntries(Object.entries(document.paths).map(([path, item]) => [path, itemOf(path, item)])),
});

const itemOf = (path: string, item: PathItem): PathItem => {
  const pattern = path.replace(/\{(\w+)\}/g, ':$1');
  const described = methods.flatMap((method) => {
    const [operation, action] = [item[method], actionOfRoute(method.toUpperCase(), pattern)];
    return operation && action ? [[method, operationOf(operation, action)] as const] : [];
  });
  return { ...item, ...Object.fromEntries(described) };
};

const operationOf = (operation: Operation, action: NamedAction): Operation => {
  const { name, scopes, tenancy } = action;
  if (scopes === 'public') return operation;
  const { responses } = operation;
  const { summary, more } = summaryOf(name) ?? {};
  return {
    ...operation,
    ...(summary !== undefined && { summary }),
    description: [more, ...sentencesOf(action)].filter(Boolean).join('\n\n'),
    // Any one of them: OpenAPI 3.1 lets a bearer scheme name what the token must have.
    security: scopes.map((scope) => ({ bearer: [scope] })),
    parameters: [...(operation.parameters ?? []), ...(tenancy === 'own' ? [tenant] : []), reason],
    responses: { ...withLimits(responses), 429: tooManyRequests },
  };
};

/** In the words of the table: which scope, which factor, whom it is for, and what is kept of it. */
const sentencesOf = ({ scopes, stepUpSeconds, tenancy, privileged }: NamedAction): string[] => [
  `Takes the scope ${[scopes]
    .flat()
    .map((scope) => `\`${scope}\``)
    .join(' or ')}.`,
  ...(stepUpSeconds === undefined
    ? []
    : [`Takes a person who has shown a second factor within the last ${stepUpSeconds} seconds (RFC 9470).`]),
  ...(tenancy === 'platform' ? ['For those who run the deployment: the token must be bound to no tenant.'] : []),
  ...(privileged === true ? ['Each use is in the access log before it is done.'] : []),
];

const text = { type: 'string' as const };
const limitHeaders: Record<string, Header> = {
  RateLimit: {
    description: 'The limit that the caller is nearest to: what is left of it, and seconds until it is full again.',
    required: false,
    schema: text,
  },
  'RateLimit-Policy': {
    description: 'The limits that count here: requests (`q`) within seconds (`w`).',
    required: false,
    schema: text,
  },
};

/** What is answered once the token is verified tells how the caller stands. */
const withLimits = (responses: Operation['responses']): Operation['responses'] =>
  Object.fromEntries(
    Object.entries(responses).map(([status, response]) => [
      status,
      response && 'description' in response && beyondTheDoor.test(status)
        ? { ...response, headers: { ...response.headers, ...limitHeaders } }
        : response,
    ]),
  );

/** Not of a request that never became one, nor of one whose caller is not known. */
const beyondTheDoor = /^(2\d\d|400|403|404|409|422)$/;

const tooManyRequests: Operation['responses'][string] = {
  description:
    'More than the caller, its tenant or its network may ask, or more streams of events than a tenant may have open. Nothing was done.',
  headers: {
    'Request-Id': {
      description: 'Names the request in our logs; `requestId` of a problem.',
      required: true,
      schema: text,
    },
    'Retry-After': { description: 'Seconds to wait.', required: true, schema: text },
    ...limitHeaders,
  },
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const tenant: Parameter = {
  name: 'Billing-Tenant',
  in: 'header',
  required: false,
  description:
    'The tenant to act for, where the token is bound to none (platform_admin, auditor, a service); each use by a person is in the access log.',
  schema: { ...text, format: 'uuid' },
};

const reason: Parameter = {
  name: 'Billing-Reason',
  in: 'header',
  required: false,
  description: `Why, kept in the access log where a privilege is used: ${reasonWords}.`,
  schema: { ...text, maxLength: maxReason, pattern: reasonForm.source },
};
