import { isTenantId } from '#access/tenancy';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';

import type { Act } from '../operator/recorded.js';
import { recorded } from '../operator/recorded.js';
import { orUsage, refusingUsage } from '../usage.js';
import type { ShownTenant, TenantsOffice } from './office.js';
import { withTenants } from './office.js';

interface JsonOption {
  json?: boolean;
}

const idOf = (text: string): string => {
  if (!isTenantId(text)) throw new InvalidArgumentError('a tenant is named by its id, a UUID');
  return text.toLowerCase();
};

/** `billing tenants`: the tenants of the deployment. */
export const tenantsCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('tenants'))
    .summary('add, list, suspend and reinstate tenants')
    .description('The tenants of this deployment.')
    .addHelpText('after', '\nExamples:\n  npx --no billing tenants add Acme\n  npx --no billing tenants list')
    .addCommand(recorded(addCommand(environment), environment, { act: (_, { id }) => ofTenant(id) }))
    .addCommand(recorded(listCommand(environment), environment))
    .addCommand(recorded(changeCommand(environment, suspending), environment))
    .addCommand(recorded(changeCommand(environment, reinstating), environment));

/** Never the name that it is given: a sole trader's is a person's. */
const ofTenant = (id: unknown): Act => (typeof id === 'string' ? { resource: id } : {});

const addCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('add'))
    .summary('make room for a tenant')
    .description(
      'Makes room for a tenant and prints its id. One that is there already, under that id and name, stays as it is.',
    )
    .argument('<name>', 'how you call it, 1 to 200 characters')
    .option('--id <uuid>', 'its id, where it has one elsewhere; a new one by default', idOf)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  npx --no billing tenants add Acme\n' +
        '  npx --no billing tenants add Acme --id 7d1f4a52-6d5b-4c39-9c7e-2f1f5f0c1c11 --json',
    )
    .action((name: string, { id, json = false }: JsonOption & { id?: string }, command: Command) =>
      orUsage(command, () =>
        withTenants(environment, async (office) => {
          const { existing, ...tenant } = await office.add(name, id);
          console.log(json ? JSON.stringify(tenant) : welcome(tenant, existing));
        }),
      ),
    );

const listCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('list'))
    .summary('list them, suspended ones too, newest first')
    .option('--json', 'print one JSON object a tenant')
    .addHelpText('after', '\nExample:\n  npx --no billing tenants list --json')
    .action(({ json = false }: JsonOption, command: Command) =>
      orUsage(command, () => withTenants(environment, (office) => (json ? printLines(office) : printTable(office)))),
    );

/** One of the two commands that change how a tenant stands. */
interface Change {
  name: 'suspend' | 'reinstate';
  summary: string;
  description: string;
  done: string;
}

const suspending: Change = {
  name: 'suspend',
  summary: 'let a tenant read, and change nothing',
  description:
    'Takes the right to write from a tenant. It goes on reading, what it asked for before is carried out, and what the processor does ' +
    'is recorded. Every process follows within a second. One that is suspended stays as it is.',
  done: 'is suspended: it reads, and changes nothing',
};

const reinstating: Change = {
  name: 'reinstate',
  summary: 'let a suspended tenant write again',
  description: 'Gives a tenant the right to write back, within a second. One that is active stays as it is.',
  done: 'is active',
};

const changeCommand = (environment: NodeJS.ProcessEnv, { name, summary, description, done }: Change): Command =>
  refusingUsage(new Command(name))
    .summary(summary)
    .description(description)
    .argument('<id>', 'the tenant', idOf)
    .requiredOption('--reason <text>', 'a ticket or a code, kept for good: no personal data')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `\nExample:\n  npx --no billing tenants ${name} 7d1f4a52-6d5b-4c39-9c7e-2f1f5f0c1c11 --reason OPS-1234`,
    )
    .action((id: string, { reason, json = false }: JsonOption & { reason: string }, command: Command) =>
      orUsage(command, () =>
        withTenants(environment, async (office) => {
          const tenant = await office[name](id, reason);
          console.log(json ? JSON.stringify(tenant) : `${tenant.id} (${tenant.name}) ${done}`);
        }),
      ),
    );

const welcome = ({ id, name, status }: ShownTenant, existing: boolean): string =>
  [
    `${id} (${name}) ${existing ? `is there already, ${status}` : 'is added'}`,
    '',
    'Next:',
    `  npx --no billing token --tenant ${id} --role tenant_admin`,
    '      a token for a trial; in production your issuer gives them, with this tenant_id',
    `  npx --no billing producers add NAME --tenant ${id} --scope billing:write --generate-key NAME.pem`,
    '      a service that may send commands for it',
  ].join('\n');

const printLines = async (office: TenantsOffice): Promise<void> => {
  for await (const tenant of office.list()) console.log(JSON.stringify(tenant));
};

const printTable = async (office: TenantsOffice): Promise<void> => {
  const table = new Table({
    head: ['tenant', 'name', 'status', 'created', 'suspended'],
    style: { head: [], border: [], compact: true },
  });
  for await (const { id, name, status, createdAt, suspendedAt } of office.list())
    table.push([id, name, status, createdAt, suspendedAt ?? '']);
  console.log(table.length === 0 ? 'there is no tenant: billing tenants add NAME makes one' : table.toString());
};
