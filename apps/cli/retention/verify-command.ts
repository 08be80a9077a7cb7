import type { ObjectStore } from '#object-store';
import { ConfigurationError } from '#platform/configuration';
import type { ArchivedMonth } from '#retention';
import { archivedMonths, CopyDiffers, runsOf, verifyArchived } from '#retention';
import { Command } from 'commander';

import { showProgress } from '../progress.js';
import { orUsage, refusingUsage, UsageError } from '../usage.js';
import type { Months } from './months.js';
import { isAmong, takingMonths, wordsOf } from './months.js';
import type { CopyRoom } from './room.js';
import { withCopies } from './room.js';

const number = new Intl.NumberFormat('en');

/** How it ends where something was looked at, as `billing audit verify` does: 0 all good, 1 something is broken, 2 it could not be told. */
const exitBroken = 1;
const exitCouldNotTell = 2;

const explained = `
Reads copies again as they lie in the archive, also those of events that were removed since: that manifest and files are byte for byte those that
were written, under a checkpoint that a key of the audit log has signed, with every position that the database has written down, and that every row
is what its leaf of the audit log commits to. Reads no event of the database, and no key. It ends with 0 when every copy that was looked at is good,
with 1 when one is broken, and says which, with 2 when it could not be told, with 64 when it was called wrongly.

Examples:
  npx --no billing retention verify
  npx --no billing retention verify --month 2019-01 --shard 3 --json
`;

interface VerifyFlags extends Months {
  json?: boolean;
}

/** What was found; `broken` and the rest are disjoint. */
interface Verdict {
  months: number;
  events: number;
  broken: { shard: number; month: string; what: string }[];
}

/** `billing retention verify`: whether copies of years ago are still what they were. */
export const verifyCommand = (environment: NodeJS.ProcessEnv): Command =>
  takingMonths(refusingUsage(new Command('verify')))
    .summary('verify copies in the archive again')
    .description('Verifies copies in the archive, against what is written down of them and against the audit log.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', explained)
    .action(({ json = false, ...months }: VerifyFlags, command: Command) =>
      orUsage(command, async () => {
        try {
          await withCopies(environment, async (room) => {
            tell(await verify(room, months), json);
          });
        } catch (error) {
          if (error instanceof UsageError || error instanceof ConfigurationError) throw error;
          const message = error instanceof Error ? error.message : String(error);
          if (json) console.log(JSON.stringify({ ok: null, error: message }));
          else console.error(`It cannot be told: ${message}`);
          process.exitCode = exitCouldNotTell;
        }
      }),
    );

/**
 * A broken copy does not keep the others from being looked at. Throws UsageError where nothing of the months that are named is archived, and Error
 * where the store is another one than the copies are in.
 */
const verify = async (room: CopyRoom, wanted: Months): Promise<Verdict> => {
  const archived = await archivedMonths(room.operator);
  const months = archived.filter(isAmong(wanted));
  if (months.length === 0 && (archived.length > 0 || wanted.month !== undefined))
    throw new UsageError(`nothing of ${wordsOf(wanted)} is archived`);
  const total = months.reduce((sum, { events }) => sum + events, 0);
  const verdict: Verdict = { months: months.length, events: total, broken: [] };
  const display = showProgress('archived events verified');
  let before = 0;
  try {
    for (const month of months) {
      let done = 0;
      try {
        await verifyOne(room, month, (more) => {
          done += more;
          display.update(before + done, total);
        });
      } catch (error) {
        if (!(error instanceof CopyDiffers)) throw error;
        if (month.store !== room.archive.name)
          throw new Error(`${error.message}; it was written to ${month.store}: name that in RETENTION_ARCHIVE`, {
            cause: error,
          });
        verdict.broken.push({ shard: month.shard, month: month.month, what: error.message });
      }
      before += month.events;
    }
  } finally {
    display.stop();
  }
  if (verdict.broken.length > 0 && !(await hasAny(room.archive, archived)))
    throw new Error(`${room.archive.name} has not one of the manifests that are written down: is it there, and whole?`);
  return verdict;
};

/** Whether a store has the manifest of any month, be it as it was or not: one that is away or empty says nothing of the copies. */
const hasAny = async (store: ObjectStore, months: readonly ArchivedMonth[]): Promise<boolean> => {
  for (const { manifest } of months) if (await store.read(manifest)) return true;
  return false;
};

const verifyOne = async (
  { archive, auditLog, identity, operator }: CopyRoom,
  month: ArchivedMonth,
  onEvents: (events: number) => void,
): Promise<void> =>
  verifyArchived({ store: archive, files: auditLog, identity }, month, await runsOf(operator, month), onEvents);

const tell = ({ months, events, broken }: Verdict, json: boolean): void => {
  if (broken.length > 0) process.exitCode = exitBroken;
  if (json) console.log(JSON.stringify({ ok: broken.length === 0, months, events, broken }));
  else if (months === 0) console.log('Nothing is archived yet.');
  else if (broken.length === 0)
    console.log(`Good: ${number.format(months)} months of shards, ${number.format(events)} events.`);
  else
    for (const line of [
      ...broken.map(({ what }) => what),
      `BROKEN: ${broken.length} of ${number.format(months)} months`,
    ])
      console.log(line);
};
