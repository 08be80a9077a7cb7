import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { LogBroken } from '#audit';
import { boundedLog } from '#audit-log';
import { isTenantId } from '#access/tenancy';
import type { Environment } from '#keys';
import { Keys, PostgresSubjectKeyStore, PostgresTenantKeyStore, openKeyManagement } from '#keys';
import { openObjectStore } from '#object-store';
import type { Configuration } from '#platform/configuration';
import { Command } from 'commander';

import { openOperator } from '../../operator/index.js';
import { recorded } from '../../operator/recorded.js';
import type { ProgressDisplay } from '../../progress.js';
import { showProgress } from '../../progress.js';
import { operatorConfiguration } from '../../operator/configuration.js';
import { UsageError, orUsage, refusingUsage } from '../../usage.js';
import { brokenAsJson } from '../verify/as-json.js';
import { brokenAsText } from '../verify/as-text.js';
import { exitBroken } from '../verify/outcome.js';
import type { Exported, LogExport } from './export-log.js';
import { exportLog } from './export-log.js';
import { SealedEvents } from './sealed-events.js';

interface ExportOptions {
  dir: string;
  openings?: boolean;
  tenant?: string;
  json?: boolean;
  quiet?: boolean;
}

const explained = `
The folder is a log as C2SP tlog-tiles describes it: static files that any web server can publish, and that tell nothing of any tenant. With
--openings there is also DIR/openings: events and salts, for their owner and auditors alone (files of mode 0600; never publish it).
The same command goes on where it has stopped, and later brings what is new. The copy is verified at the end; it ends with 1 where it is broken.

Examples:
  billing audit export --dir /var/www/audit
  billing audit export --dir for-auditor --openings --tenant 11111111-1111-4111-8111-111111111111 --reason AUDIT-7
`;

/** `billing audit export`: the audit log as static files. */
export const exportCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('export'))
    .summary('copy the audit log into a folder that any web server can publish')
    .description('Copies the audit log (AUDIT_LOG) into a folder of static files, and verifies the copy.')
    .requiredOption('--dir <folder>', 'where to write; made where there is none')
    .option('--openings', 'events and salts, too: private')
    .option('--tenant <id>', "with --openings: only this tenant's")
    .option('--json', 'print one JSON object')
    .option('--quiet', 'show no progress')
    .addHelpText('after', explained)
    .action((options: ExportOptions) => orUsage(command, () => run(environment, options)));
  return recorded(command, environment, {
    act: (_, { tenant }) => (typeof tenant === 'string' ? { tenantId: tenant, resource: tenant } : {}),
  });
};

const run = async (given: NodeJS.ProcessEnv, options: ExportOptions): Promise<void> => {
  const tenantId = tenantOf(options);
  const configuration = operatorConfiguration(given);
  const folder = folderOf(options.dir);
  requireApart(folder, configuration.audit.log);
  let display: ProgressDisplay | undefined;
  let doing: string | undefined;
  const log: Omit<LogExport, 'openings'> = {
    source: boundedLog(openObjectStore(configuration.audit.log)),
    target: openObjectStore(folder, { published: true }),
    onProgress: (what, leaves, size) => {
      if (options.quiet) return;
      if (what !== doing) {
        display?.stop();
        display = showProgress(`leaves ${what}`);
        doing = what;
      }
      display?.update(leaves, size);
    },
  };
  try {
    const exported = options.openings
      ? await withEvents(given, configuration, tenantId, (events) => {
          const openings = join(folder, 'openings');
          const target = openObjectStore(openings);
          return exportLog({ ...log, openings: { events, tenantId, folder: openings, target } });
        })
      : await exportLog({ ...log, openings: undefined });
    display?.stop();
    console.log(options.json ? JSON.stringify(asJson(folder, exported)) : asText(folder, exported));
  } catch (error) {
    display?.stop();
    if (!(error instanceof LogBroken)) throw error;
    console.log(options.json ? JSON.stringify(brokenAsJson(error.finding)) : brokenAsText(error.finding));
    process.exitCode = exitBroken;
  }
};

const tenantOf = ({ openings, tenant }: ExportOptions): string | undefined => {
  if (tenant === undefined) return undefined;
  if (!openings)
    throw new UsageError('--tenant goes with --openings: tiles are of all tenants, and tell nothing of any');
  if (!isTenantId(tenant)) throw new UsageError('--tenant names a tenant by its id, a UUID');
  return tenant.toLowerCase();
};

const folderOf = (path: string): string => {
  if (path.trim() === '') throw new UsageError('--dir names a folder');
  const folder = resolve(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new UsageError(`--dir: ${folder} is no folder`);
  return folder;
};

const requireApart = (folder: string, log: string): void => {
  if (`${folder}/`.startsWith(`${log}/`) || `${log}/`.startsWith(`${folder}/`))
    throw new UsageError(`--dir lies where the log itself does (${log}): name another folder`);
};

/** Events are read as analysts read them, keys as the operator has them. */
const withEvents = async <T>(
  given: NodeJS.ProcessEnv,
  { environment, kms }: { environment: Environment; kms: Configuration['kms'] },
  tenantId: string | undefined,
  work: (events: SealedEvents) => Promise<T>,
): Promise<T> => {
  const events = openOperator(given, 'billing_analyst', { max: 1 });
  const stored = openOperator(given, 'billing_operator', { max: 1 });
  try {
    const keys = new Keys({
      app: 'operator',
      environment,
      kms: await openKeyManagement(kms, environment),
      tenantKeys: new PostgresTenantKeyStore(stored),
      subjectKeys: new PostgresSubjectKeyStore(stored),
    });
    return await work(new SealedEvents(events, keys, tenantId));
  } finally {
    await Promise.all([events.end(), stored.end()]);
  }
};

const asJson = (folder: string, { verified, copied, present, opened }: Exported) => ({
  v: 1,
  ok: true,
  folder,
  origin: verified.checkpoint.origin,
  size: verified.checkpoint.size,
  root: Buffer.from(verified.checkpoint.root).toString('base64'),
  files: { copied, present },
  opened: opened ?? null,
});

const asText = (folder: string, { verified, copied, present, opened }: Exported): string => {
  const { origin, size } = verified.checkpoint;
  const events =
    opened === undefined ? '' : ` Leaves that are what their events say: ${String(opened)} (openings: private).`;
  return [
    `${folder} has the log ${origin}, verified. Leaves: ${String(size)}; files: ${String(copied)} new, ${String(present)} from before.${events}`,
    'Whoever looks at it: billing audit verify, or any reader of C2SP tlog-tiles (docs/audit.md).',
  ].join('\n');
};
