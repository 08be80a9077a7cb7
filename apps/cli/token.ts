import type { Role } from '#access';
import { DevelopmentIssuer, isRole } from '#access';
import { ConfigurationError, developmentIssuer } from '#platform/configuration';
import { isSpiffeId } from '#platform/spiffe';
import { Command, InvalidArgumentError, Option } from 'commander';
import { join, resolve } from 'node:path';

import { readCertificate } from './certificate.js';
import { UsageError, orUsage, refusingUsage } from './usage.js';

interface TokenOptions {
  tenant?: string;
  role?: Role;
  mfa?: boolean;
  subject: string;
  scope?: string;
  service?: string;
  act?: string;
  certificate?: string;
  expiresIn: number;
}

const roleOf = (word: string): Role => {
  if (!isRole(word)) throw new InvalidArgumentError('a role is tenant_admin, platform_admin or auditor');
  return word;
};

const tenantOf = (id: string): string => {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    throw new InvalidArgumentError('a tenant is named by its id, a UUID');
  return id.toLowerCase();
};

const secondsOf = (text: string): number => {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400)
    throw new InvalidArgumentError('give whole seconds, 1 to 86400');
  return seconds;
};

const spiffeIdOf = (text: string): string => {
  if (!isSpiffeId(text)) throw new InvalidArgumentError('a SPIFFE id is written spiffe://trust-domain/path');
  return text;
};

/** `billing token`: prints an access token of the development issuer. */
export const tokenCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('token'))
    .summary('print an access token of the development issuer')
    .description('Prints an access token of the development issuer, for a trial. Production has an issuer of its own.')
    .option(
      '--tenant <id>',
      'the tenant it is bound to; a platform_admin, an auditor or a service may do without',
      tenantOf,
    )
    .option('--role <role>', 'tenant_admin, platform_admin or auditor', roleOf)
    .option('--mfa', 'as of somebody who has just shown a second factor: refunds need it')
    .option('--subject <name>', 'who it is issued to', 'developer')
    .option('--scope <scopes>', 'only these, out of those that the role or the registration gives; separated by spaces')
    .addOption(
      new Option('--service <id>', 'for a service, by its SPIFFE id (billing producers add --spiffe-id)')
        .argParser(spiffeIdOf)
        .conflicts(['role', 'mfa', 'act']),
    )
    .option(
      '--act <id>',
      'the service that may act for the person, by its SPIFFE id: only it can use the token',
      spiffeIdOf,
    )
    .option('--certificate <file>', 'the client certificate that the token is bound to (PEM); a service needs one')
    .option('--expires-in <seconds>', 'how long it is good for', secondsOf, 3_600)
    .addHelpText(
      'after',
      '\nExamples:\n  TOKEN=$(npx --no billing token --tenant 11111111-1111-4111-8111-111111111111 --role tenant_admin)\n' +
        '  TOKEN=$(npx --no billing token --service spiffe://acme.example/shop --certificate shop.crt)',
    )
    .action((options: TokenOptions, command: Command) =>
      orUsage(command, async () => {
        process.stdout.write(`${await tokenFor(options, environment)}\n`);
        const issuer = environment.AUTH_ISSUER ?? '';
        if (issuer !== '' && issuer !== developmentIssuer)
          process.stderr.write(
            'billing: AUTH_ISSUER is set: an api with that setting takes its tokens alone, and not this one\n',
          );
      }),
    );

const tokenFor = async (options: TokenOptions, environment: NodeJS.ProcessEnv): Promise<string> => {
  const { tenant: tenantId, role, mfa = false, subject, scope, service, act: actingParty, certificate } = options;
  const bearer = service ?? actingParty;
  const thumbprint = certificate === undefined ? undefined : await thumbprintOf(certificate, bearer);
  const common = { tenantId, scope, expiresInSeconds: options.expiresIn };
  if (service !== undefined) {
    if (thumbprint === undefined) throw new UsageError('a service needs --certificate FILE: its token is bound to it');
    return (await openIssuer(environment)).issueForService({ ...common, service, thumbprint });
  }
  if (role === undefined) throw new UsageError('say for whom: --role ROLE, or --service ID');
  if (role === 'tenant_admin' && tenantId === undefined) throw new UsageError('a tenant_admin needs --tenant');
  return (await openIssuer(environment)).issue({ ...common, role, mfa, subject, actingParty, thumbprint });
};

/** Whoever brings the token shows this certificate: one that is made out to another service would never do. */
const thumbprintOf = async (file: string, bearer: string | undefined): Promise<string> => {
  const { thumbprint, uris } = await readCertificate(file);
  if (bearer !== undefined && !uris.includes(bearer))
    throw new UsageError(`${file} is made out to ${uris.join(' and ') || 'no URI'}, not to ${bearer}`);
  return thumbprint;
};

const openIssuer = (environment: NodeJS.ProcessEnv): Promise<DevelopmentIssuer> => {
  const name = environment.BILLING_ENV ?? 'development';
  if (name === 'production')
    throw new ConfigurationError('BILLING_ENV is production: tokens come from AUTH_ISSUER there');
  if (name !== 'development' && name !== 'test')
    throw new ConfigurationError('BILLING_ENV must be development, test or production');
  const dataDirectory = resolve(environment.BILLING_DATA_DIR ?? '.billing');
  return DevelopmentIssuer.open({
    environment: name,
    keyPath: join(dataDirectory, 'development-issuer.json'),
    issuer: developmentIssuer,
    audience: environment.AUTH_AUDIENCE ?? 'billing-service',
  });
};
