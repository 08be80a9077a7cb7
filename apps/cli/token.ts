import type { Role } from '#access';
import { DevelopmentIssuer, isRole } from '#access';
import { ConfigurationError, developmentIssuer } from '#platform/configuration';
import { Command, InvalidArgumentError } from 'commander';
import { join, resolve } from 'node:path';

interface TokenOptions {
  tenant?: string;
  role: Role;
  mfa?: boolean;
  subject?: string;
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

/** `billing token`: prints an access token of the development issuer. */
export const tokenCommand = (environment: NodeJS.ProcessEnv): Command =>
  new Command('token')
    .summary('print an access token of the development issuer')
    .description('Prints an access token of the development issuer, for a trial. Production has an issuer of its own.')
    .option('--tenant <id>', 'the tenant it is bound to; a platform_admin or auditor may do without', tenantOf)
    .requiredOption('--role <role>', 'tenant_admin, platform_admin or auditor', roleOf)
    .option('--mfa', 'as of somebody who has just shown a second factor: refunds need it')
    .option('--subject <name>', 'who it is issued to', 'developer')
    .option('--expires-in <seconds>', 'how long it is good for', secondsOf, 3_600)
    .addHelpText(
      'after',
      '\nExample:\n  TOKEN=$(npx --no billing token --tenant 11111111-1111-4111-8111-111111111111 --role tenant_admin)',
    )
    .action(async ({ tenant, role, mfa = false, subject, expiresIn }: TokenOptions, command: Command) => {
      if (role === 'tenant_admin' && tenant === undefined) command.error('error: a tenant_admin needs --tenant');
      const token = await (
        await openIssuer(environment)
      ).issue({ tenantId: tenant, role, mfa, subject, expiresInSeconds: expiresIn });
      process.stdout.write(`${token}\n`);
    });

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
