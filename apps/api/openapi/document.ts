import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';

import { withAccess } from './access.js';
import { publishedLogPaths } from './published-log.js';
import { schemas } from './schemas.js';

const description = `Commands in, immutable events out. Amounts are integers of minor units. POST needs an \`Idempotency-Key\`;
the same key and request again is answered with the first answer. Errors are RFC 9457 problem documents with a stable \`code\`.

A scope is what a caller may do: the \`roles\` of a person's token give some, the registration of a service others, and the \`scope\` claim of a
token can only take some away. Which role gives which, and what each operation takes, is one table: \`docs/access.md\` of the repository.

Get a development token with \`npx --no billing token --tenant 11111111-1111-4111-8111-111111111111 --role tenant_admin\`; refunds need \`--mfa\`.`;

/** The OpenAPI 3.1 document, made from the routes and from the table of who may do what. */
export const openApiDocument = (app: INestApplication): OpenAPIObject => {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('billing-service')
    .setVersion('1')
    .setDescription(description)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT' });
  const document = withAccess(SwaggerModule.createDocument(app, builder.build()));
  const components = document.components ?? {};
  const strict = Object.fromEntries(
    Object.entries(components.schemas ?? {}).map(([name, schema]) => [
      name,
      { ...schema, additionalProperties: false },
    ]),
  );
  const paths = { ...document.paths, ...publishedLogPaths };
  return { ...document, paths, components: { ...components, schemas: { ...strict, ...(schemas as typeof strict) } } };
};
