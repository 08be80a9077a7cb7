import type { ArchivedMonth, LegalHold } from '#retention';
import { archivedMonths, listHolds, monthsToArchive } from '#retention';
import Table from 'cli-table3';
import { Command } from 'commander';

import { openOperator } from '../operator/index.js';
import { refusingUsage } from '../usage.js';

const number = new Intl.NumberFormat('en');

interface Status {
  /** What was recorded before this may be removed. */
  retentionEnds: Date;
  holds: LegalHold[];
  archived: ArchivedMonth[];
  /** Months of shards that are over and not archived; some may be empty. */
  due: number;
  removedEvents: number;
}

/** `billing retention status`: holds, what is archived and what was removed. */
export const statusCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('status'))
    .summary('show legal holds, what is archived and what was removed')
    .option('--json', 'print one JSON object')
    .addHelpText('after', '\nExample:\n  npx --no billing retention status')
    .action(async ({ json = false }: { json?: boolean }) => {
      const status = await statusOf(environment);
      console.log(json ? JSON.stringify(asJson(status)) : asText(status));
    });

const statusOf = async (environment: NodeJS.ProcessEnv): Promise<Status> => {
  const operator = openOperator(environment, 'billing_operator', { max: 1 });
  const analyst = openOperator(environment, 'billing_analyst', { max: 1, statementTimeoutMs: 0 });
  try {
    const { rows } = await operator.query<{ ends: Date; removed: string }>(
      `select billing.retention_ends() as ends,
        (select coalesce(sum(last_position - first_position + 1), 0) from billing.event_removed) as removed`,
    );
    const archived = await archivedMonths(operator);
    return {
      retentionEnds: rows[0]?.ends ?? new Date(0),
      holds: await listHolds(operator),
      archived,
      due: (await monthsToArchive(analyst, archived)).length,
      removedEvents: Number(rows[0]?.removed ?? 0),
    };
  } finally {
    await Promise.all([operator.end(), analyst.end()]);
  }
};

const asJson = ({ archived, ...status }: Status): object => ({
  ...status,
  archived: archived.map(({ manifestSha256, ...month }) => ({
    ...month,
    manifestSha256: manifestSha256.toString('hex'),
  })),
});

const style = { head: [], border: [], compact: true };

const asText = ({ retentionEnds, holds, archived, due, removedEvents }: Status): string => {
  const lines = [`What was recorded before ${retentionEnds.toISOString()} may be removed.`];
  if (holds.length === 0) lines.push('No legal hold is in force.');
  else lines.push(tableOfHolds(holds));
  const events = archived.reduce((sum, month) => sum + month.events, 0);
  lines.push(`${number.format(archived.length)} months of shards are archived, ${number.format(events)} events.`);
  if (due > 0) lines.push(`${number.format(due)} are over and not archived: billing retention archive`);
  lines.push(`${number.format(removedEvents)} events were removed.`);
  return lines.join('\n');
};

const tableOfHolds = (holds: readonly LegalHold[]): string => {
  const table = new Table({ head: ['hold', 'tenant', 'stream', 'reason', 'placed'], style });
  for (const { id, tenantId, streamId, reason, placedAt } of holds)
    table.push([id, tenantId, streamId ?? 'all', reason, placedAt.toISOString()]);
  return table.toString();
};
