import { join, relative, resolve } from 'node:path';

import { ConfigurationError } from '#platform/configuration';
import { Command, InvalidArgumentError } from 'commander';

import { UsageError, orUsage, refusingUsage } from '../usage.js';
import type { DevelopmentCertificates } from './development-certificates.js';
import { makeDevelopmentCertificates, spiffeIdOf } from './development-certificates.js';

interface DevOptions {
  service?: string[];
  directory?: string;
  days: number;
}

const nameForm = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const maxServices = 100;

const serviceOf = (name: string, before: string[] = []): string[] => {
  if (!nameForm.test(name)) throw new InvalidArgumentError('a service has lower-case letters, digits, dots and dashes');
  if (name === 'api' || name === 'ca')
    throw new InvalidArgumentError(`${name} is the name of the ${name === 'ca' ? 'authority' : 'api'} itself`);
  if (before.length >= maxServices) throw new InvalidArgumentError(`at most ${maxServices} services at a time`);
  return before.includes(name) ? before : [...before, name];
};

const daysOf = (text: string): number => {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 90) throw new InvalidArgumentError('give whole days, 1 to 90');
  return days;
};

export const devCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('dev'))
    .summary('make an authority, a certificate of the api, and one for each service')
    .description(
      'Makes an authority, a certificate of the api, and one for each service, and prints what to start the api with. An authority that is ' +
        'there stays, and so does what it has issued; run it again for more services, or to renew those that are named. Never in production.',
    )
    .option('--service <name>', 'a service that will call; repeat it for more (default: shop)', serviceOf)
    .option('--directory <folder>', 'where to (default: certs/ of BILLING_DATA_DIR)')
    .option('--days <number>', 'how long they are good', daysOf, 7)
    .action((options: DevOptions) => orUsage(command, () => dev(environment, options)));
  return command;
};

const dev = async (
  environment: NodeJS.ProcessEnv,
  { service: services = ['shop'], directory, days }: DevOptions,
): Promise<void> => {
  if (environment.BILLING_ENV === 'production')
    throw new ConfigurationError('BILLING_ENV is production: its certificates come from an authority of its own');
  const folder = resolve(directory ?? join(environment.BILLING_DATA_DIR ?? '.billing', 'certs'));
  const made = await makeDevelopmentCertificates(folder, services, days).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`${folder} cannot be used: ${code ?? message}`);
  });
  console.log(textOf(fromHere(folder), services, made));
};

/** What goes into a shell as it is: quoted where it has to be. */
const quoted = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** As short as the reader may write it where they are. */
const fromHere = (folder: string): string => {
  const path = relative(process.cwd(), folder);
  return path === '' || path.startsWith('..') ? folder : path;
};

const textOf = (folder: string, services: readonly string[], { until, isNew }: DevelopmentCertificates): string => {
  const path = (name: string) => quoted(join(folder, name));
  const [first = 'shop'] = services;
  return [
    `${isNew ? 'an authority, a certificate' : 'a certificate'} of the api and of ${services.join(', ')} in ${folder}, good until ${until.toISOString()}`,
    '',
    'Start the api with:',
    `  TLS_CERT=${path('api.pem')} TLS_KEY=${path('api.key')} SERVICE_PORT=3443 \\`,
    `  TLS_CLIENT_CA=${path('ca.pem')} TLS_CLIENT_ALLOW=${path('allow')} TLS_CLIENT_DENY=${path('deny')} npm start`,
    '',
    `Register ${first}, and call as it:`,
    `  npx --no billing producers add ${first} --all-tenants --scope billing:read --scope billing:write --spiffe-id ${spiffeIdOf(first)}`,
    `  TOKEN=$(npx --no billing token --service ${spiffeIdOf(first)} --certificate ${path(`${first}.pem`)})`,
    `  curl --cacert ${path('ca.pem')} --cert ${path(`${first}.pem`)} --key ${path(`${first}.key`)} \\`,
    '    -H "Authorization: Bearer $TOKEN" -H "Billing-Tenant: 11111111-1111-4111-8111-111111111111" https://127.0.0.1:3443/v1/payments',
  ].join('\n');
};
