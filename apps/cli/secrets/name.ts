import type { Environment, SecretKind, SecretName } from '#keys';
import type { Command } from 'commander';
import { Option } from 'commander';

import type { Act } from '../operator/recorded.js';
import { UsageError } from '../usage.js';
import { kinds } from './kinds.js';
import { operatorConfiguration } from '../operator/configuration.js';

export interface NameOptions {
  processor: 'stripe';
  kind: SecretKind;
  account?: string;
}

/** Adds the options that name a secret. */
export const namingSecret = (command: Command): Command =>
  command
    .addOption(new Option('--processor <name>', 'whose it is').choices(['stripe']).default('stripe'))
    .addOption(new Option('--kind <kind>', 'what it is for').choices(['webhook', 'api']).default('webhook'))
    .option(
      '--account <account>',
      "`connect` for the Connect endpoint, acct_... for one account's; else the platform's",
    );

const accountForm = /^(connect|acct_[A-Za-z0-9]{1,200})$/;

/** Throws UsageError for an account that no endpoint has. API keys are of the platform's own account, which acts for all others. */
export const nameOf = ({ processor, kind, account = '' }: NameOptions, environment: Environment): SecretName => {
  if (account !== '' && !accountForm.test(account))
    throw new UsageError("--account is `connect`, or an account's id: acct_...");
  if (kind === 'api' && account !== '')
    throw new UsageError(
      "--account is for webhook secrets: the platform's own API key acts for connected accounts, too",
    );
  return { processor, account, environment, kind };
};

/** Such as `the webhook secret of stripe, connect`. */
export const titleOf = ({ processor, account, kind }: SecretName): string =>
  `the ${kinds[kind].title} of ${processor}${account === '' ? '' : `, ${account}`}`;

/**
 * What the access log tells of the options: whose secret it is, and nothing else of what was typed. Throws ConfigurationError for wrong
 * settings, before anything is recorded.
 */
export const actOn =
  (environment: NodeJS.ProcessEnv) =>
  (_: readonly string[], { processor, kind, account = '' }: Readonly<Record<string, unknown>>): Act => {
    operatorConfiguration(environment);
    const whose = typeof account === 'string' && accountForm.test(account) ? account : 'platform';
    return { resource: `${String(processor)} ${String(kind)} ${whose}` };
  };
