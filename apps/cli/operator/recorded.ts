import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';

import type { Grant } from '#access';
import { isTenantId, platformTenantId } from '#access/tenancy';
import { AccessStreams, grantedEvent } from '#command-handling/access-record';
import { reasonForm, reasonWords } from '#domain/tenant';
import { Batcher, TenantShards, UnknownTenant, appendOver } from '#event-store';
import { ConfigurationError } from '#platform/configuration';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import type { OperatorRole } from './index.js';
import { openOperator, operatorDatabaseUrl } from './index.js';
import { unreachableDatabase } from './unreachable.js';

/** What a command is used on, as far as the access log tells. */
export interface Act {
  /** An id, or a name that the operator gave: in the platform's log where it has another form than `grantedEvent` takes. */
  resource?: string;
  /** The one tenant whose data it is about: its own log then has it, and not the platform's. */
  tenantId?: string;
}

export interface RecordedOptions {
  /** From the arguments and options of the command; undefined for a use that changes and opens nothing, such as a dry run. */
  act?: (args: readonly string[], options: Readonly<Record<string, unknown>>) => Act | undefined;
  /** Whose rights it takes, and is recorded as. Default `billing_operator`; those who read the log alone record it themselves. */
  as?: Role;
  /** Which uses need no database, and may be had before there is one, other than in production: it is said then that nothing was recorded. */
  beforeDatabase?: (options: Readonly<Record<string, unknown>>) => boolean;
}

/** Roles that may append what they do. */
type Role = Extract<OperatorRole, 'billing_operator' | 'billing_analyst'>;

/** Whose record `append` takes from them: it asks who has logged in. */
const loginsOf: Readonly<Record<Role, string>> = {
  billing_operator: 'a member of billing_operator',
  billing_analyst: 'billing_analyst, or a member of it and of billing_operator',
};

const known = new WeakSet<Command>();

/** Whether each use of a command is recorded. */
export const isRecorded = (command: Command): boolean => known.has(command);

/**
 * Has each use of a command recorded before it is done: PrivilegedAccessGranted with who is logged in on this machine, the command's
 * name, what it is used on and `--reason`. Where the log does not take the record, the command ends with one line and does nothing.
 */
export const recorded = (
  command: Command,
  environment: NodeJS.ProcessEnv,
  { act = firstArgument, as: role = 'billing_operator', beforeDatabase }: RecordedOptions = {},
): Command => {
  if (!command.options.some(({ long }) => long === '--reason'))
    command.option('--reason <reason>', 'why: a ticket or a code, for the access log', reasonOf);
  known.add(command);
  return command.hook('preAction', async () => {
    const options = command.opts<Record<string, unknown>>();
    const done = act(command.args, options);
    if (!done || (beforeDatabase?.(options) && hasNoDatabase(environment))) return;
    const reason = typeof options.reason === 'string' && reasonForm.test(options.reason) ? options.reason : undefined;
    await record(environment, done, {
      ...{ channel: 'cli', action: nameOf(command), grant: role },
      caller: { kind: 'person', subject: `operator:${login()}` },
      origin: { host: hostname() },
      ...(done.resource !== undefined && { resource: done.resource }),
      ...(reason !== undefined && { reason }),
    });
  });
};

const firstArgument = ([resource]: readonly string[]): Act => (resource === undefined ? {} : { resource });

/** The commands that lead to this one, such as `secrets.set`. */
const nameOf = (command: Command): string => {
  const { parent } = command;
  return parent && parent.name() !== 'billing' ? `${nameOf(parent)}.${command.name()}` : command.name();
};

const reasonOf = (text: string): string => {
  if (reasonForm.test(text)) return text;
  throw new InvalidArgumentError(`a reason is ${reasonWords}`);
};

const login = (): string => {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`; // a container may run as a user that has no name
  }
};

/** Whether there is no database yet that could take a record. Says so. */
const hasNoDatabase = (environment: NodeJS.ProcessEnv): boolean => {
  if (environment.BILLING_ENV === 'production' || (environment.DATABASE_URL ?? '') !== '') return false;
  try {
    operatorDatabaseUrl(environment);
    return false;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    console.error('Not recorded in the access log: there is no database yet.');
    return true;
  }
};

const record = async (
  environment: NodeJS.ProcessEnv,
  { tenantId }: Act,
  grant: Omit<Grant, 'tenantId' | 'grant'> & { grant: Role },
): Promise<void> => {
  const pool = openOperator(environment, grant.grant, { max: 1 });
  try {
    const streams = new AccessStreams({
      shards: new TenantShards(pool),
      batcher: new Batcher(appendOver(pool)),
      app: 'cli',
    });
    const write = (tenant: string) =>
      streams.write(tenant, randomUUID(), [grantedEvent({ ...grant, tenantId: tenant }, Date.now())]);
    if (tenantId === undefined || !isTenantId(tenantId)) await write(platformTenantId);
    else await write(tenantId.toLowerCase()).catch((error: unknown) => orOfPlatform(error, write));
  } catch (error) {
    throw new Error(
      `this is recorded in the access log before it is done, and the log cannot be written: ${unreachableDatabase(error, environment) ?? whyNot(error, grant.grant)}. Nothing was done.`,
      { cause: error },
    );
  } finally {
    await pool.end();
  }
};

/** The tenant is not there; that somebody asked for it is told all the same. */
const orOfPlatform = async (error: unknown, write: (tenant: string) => Promise<void>): Promise<void> => {
  if (!(error instanceof UnknownTenant)) throw error;
  await write(platformTenantId);
};

const whyNot = (error: unknown, role: Role): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  const isForbidden = code === '42501' || /permission denied|may not append|set role/i.test(message);
  if (isForbidden) return `the login of DATABASE_URL must be ${loginsOf[role]}, as whoever ran the migrations is`;
  return message === '' ? (code ?? 'the database cannot be reached') : message;
};
