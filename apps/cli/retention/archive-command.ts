import type { Extent, ShardMonth } from '#retention';
import { archivedMonths, archiveMonth, monthsToArchive, NotSealed, writeDown } from '#retention';
import { Command } from 'commander';

import { showProgress } from '../progress.js';
import { refusingUsage } from '../usage.js';
import type { Months } from './months.js';
import { isAmong, takingMonths } from './months.js';
import type { ArchiveRoom } from './room.js';
import { withArchive } from './room.js';

const explained = `
Copies every month that is over (UTC) and was not archived yet, one Parquet file a shard and month or several for a large one, with a manifest that
holds a signed checkpoint of the audit log; then reads the copy back and holds it, event by event, against the database and against the
leaves of the audit log. Only then a month counts as archived. Interrupted, it goes on where it was when it is run again. The archive is
private (RETENTION_ARCHIVE): it holds what the log holds.

Examples:
  npx --no billing retention archive --dry-run
  npx --no billing retention archive --reason OPS-1234
  npx --no billing retention archive --month 2019-01 --shard 3 --reason OPS-1234
`;

interface DueMonth {
  of: ShardMonth;
  extent: Extent;
}

interface ArchiveFlags extends Months {
  dryRun?: boolean;
  json?: boolean;
}

const number = new Intl.NumberFormat('en');

/** `billing retention archive`: closed months to object storage. */
export const archiveCommand = (environment: NodeJS.ProcessEnv): Command =>
  takingMonths(refusingUsage(new Command('archive')))
    .summary('copy closed months to the archive and verify the copy')
    .description('Copies what was recorded in months that are over to the archive, and verifies the copy.')
    .option('--dry-run', 'say what would be copied; copy nothing')
    .option('--json', 'print one JSON object a month')
    .addHelpText('after', explained)
    .action(({ dryRun = false, json = false, ...months }: ArchiveFlags) =>
      withArchive(environment, async (room) => {
        const due = await dueMonths(room, months);
        if (dryRun) tellDue(due, room.archive.name, json);
        else await archiveAll(room, due, json);
      }),
    );

const tellDue = (due: readonly DueMonth[], store: string, json: boolean): void => {
  for (const { of, extent } of due)
    console.log(
      json
        ? JSON.stringify({ dryRun: true, ...of, events: extent.events })
        : `  ${of.month} of shard ${of.shard}: ${number.format(extent.events)} events`,
    );
  if (json) return;
  console.log(
    due.length === 0 ? nothingDue : `${number.format(due.length)} months of shards would be copied to ${store}.`,
  );
};

const archiveAll = async (room: ArchiveRoom, due: readonly DueMonth[], json: boolean): Promise<void> => {
  const total = due.reduce((sum, { extent }) => sum + 2 * extent.events, 0);
  const display = showProgress('events copied or verified');
  let done = 0;
  let archived = 0;
  try {
    for (const month of due) {
      const events = await archiveOne(room, month, (more) => {
        done += more;
        display.update(done, total);
      }).catch((error: unknown) => {
        if (!(error instanceof NotSealed)) throw error;
        display.say(error.message);
        process.exitCode = 1;
        return undefined;
      });
      if (events === undefined) continue;
      archived += 1;
      if (json) console.log(JSON.stringify({ ...month.of, events, store: room.archive.name }));
    }
  } finally {
    display.stop();
  }
  if (!json) console.log(wordsOf(archived, due.length, room.archive.name));
};

const dueMonths = async ({ analyst, operator, reader }: ArchiveRoom, months: Months): Promise<DueMonth[]> => {
  const due: DueMonth[] = [];
  const over = await monthsToArchive(analyst, await archivedMonths(operator));
  for (const of of over.filter(isAmong(months))) {
    const extent = await reader.extentOf(of);
    if (extent) due.push({ of, extent });
  }
  return due;
};

const archiveOne = async (
  { archive, auditLog, identity, reader, operator }: ArchiveRoom,
  { of, extent }: DueMonth,
  onEvents: (events: number) => void,
): Promise<number> => {
  const log = { files: auditLog, identity };
  const archived = await archiveMonth({ store: archive, reader, log }, of, extent, onEvents);
  await writeDown(operator, archive.name, archived);
  return archived.manifest.events;
};

const nothingDue = 'Every month that is over was archived before, of those that were asked for.';

const wordsOf = (archived: number, due: number, store: string): string => {
  if (due === 0) return nothingDue;
  return `Archived and verified ${archived} of ${due} months of shards, in ${store}.`;
};
