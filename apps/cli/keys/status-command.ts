import Table from 'cli-table3';
import { Command } from 'commander';

import { orUsage, refusingUsage } from '../usage.js';
import type { KeyRoom } from './key-room.js';
import { knownTenant, withKeyRoom } from './key-room.js';
import type { PlatformStanding, PurposeStanding, RunStanding, VersionStanding } from './standing.js';
import { lastRun, masterStanding, mostCounted, standingOf, standingOfAll, standingOfPlatform } from './standing.js';

interface StatusOptions {
  tenant?: string;
  json?: boolean;
}

const dayMs = 24 * 3_600_000;
const number = new Intl.NumberFormat('en');

export const statusCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('status'))
    .summary('how old keys are, and what older versions still seal')
    .description(
      'Shows the keys of all tenants by purpose, and the platform’s own; or, of one tenant, every version and how many rows it seals. ' +
        `Rows are counted up to ${number.format(mostCounted)}.`,
    )
    .option('--tenant <id>', 'every version of the keys of one tenant')
    .option('--json', 'print one JSON object')
    .action(({ tenant, json = false }: StatusOptions) =>
      orUsage(command, () =>
        withKeyRoom(environment, async (room) => {
          if (tenant === undefined) await showAll(room, json);
          else await showTenant(room, await knownTenant(room.pool, tenant), json);
        }),
      ),
    );
  return command;
};

const showAll = async ({ pool, lifeDays }: KeyRoom, json: boolean): Promise<void> => {
  const now = new Date();
  const before = new Date(now.getTime() - lifeDays * dayMs);
  const keys = await standingOfAll(pool, before);
  const platform = await standingOfPlatform(pool, before);
  const [run, master] = [await lastRun(pool), await masterStanding(pool)];
  if (json) {
    console.log(JSON.stringify({ rotationDays: lifeDays, keys, platform, reEncryption: run, masterKey: master }));
    return;
  }
  console.log(tableOfPurposes(keys, now));
  if (platform.length > 0) console.log(tableOfPlatform(platform, now));
  if (run) console.log(wordsOf(run));
  if (master.rotatedAt) console.log(`The master key was last rotated at ${master.rotatedAt.toISOString()}.`);
  if (master.underWay)
    console.log('A rotation of the master key was interrupted: billing keys rotate --master goes on with it.');
};

const showTenant = async ({ pool, lifeDays }: KeyRoom, tenantId: string, json: boolean): Promise<void> => {
  const now = new Date();
  const versions = await standingOf(pool, tenantId, new Date(now.getTime() - lifeDays * dayMs));
  if (json) console.log(JSON.stringify({ tenantId, rotationDays: lifeDays, versions }));
  else if (versions.length === 0) console.log('The tenant has no keys yet: they are made with its first use.');
  else console.log(tableOfVersions(versions, now));
};

const style = { head: [], border: [], compact: true };
const days = (since: Date | null, now: Date): string =>
  since === null ? '' : String(Math.floor((now.getTime() - since.getTime()) / dayMs));
const counted = (rows: number): string =>
  rows >= mostCounted ? `${number.format(mostCounted)} or more` : number.format(rows);
const overdueMark = (overdue: boolean): string => (overdue ? 'overdue' : '');

const tableOfPurposes = (keys: readonly PurposeStanding[], now: Date): string => {
  const head = ['purpose', 'tenants', 'oldest, days', 'due', 'old versions not yet empty', 'rows under them'];
  const table = new Table({ head, style, colAligns: ['left', 'right', 'right', 'right', 'right', 'right'] });
  for (const { purpose, rotates, tenants, oldest, overdue, versionsLeft, rowsLeft } of keys)
    table.push([
      purpose,
      number.format(tenants),
      days(oldest, now),
      rotates ? number.format(overdue) : 'never replaced',
      number.format(versionsLeft),
      counted(rowsLeft),
    ]);
  return table.toString();
};

const tableOfPlatform = (keys: readonly PlatformStanding[], now: Date): string => {
  const table = new Table({ head: ['of the platform', 'purpose', 'version', 'days', 'due'], style });
  for (const { processor, purpose, version, createdAt, overdue } of keys)
    table.push([processor, purpose, version, days(createdAt, now), overdueMark(overdue)]);
  return table.toString();
};

const tableOfVersions = (versions: readonly VersionStanding[], now: Date): string => {
  const head = ['purpose', 'version', 'days', 'state', 'rows', 'due'];
  const table = new Table({ head, style, colAligns: ['left', 'right', 'right', 'left', 'right', 'left'] });
  for (const { purpose, version, createdAt, state, rows, overdue } of versions)
    table.push([
      purpose,
      version,
      days(createdAt, now),
      state,
      rows === null ? 'compares' : counted(rows),
      overdueMark(overdue),
    ]);
  return table.toString();
};

const wordsOf = ({ state, rowsTotal, rowsDone, rowsBroken, lastError, finishedAt }: RunStanding): string => {
  const rows = `${number.format(rowsDone)} of ${number.format(rowsTotal)} rows`;
  const broken = rowsBroken > 0 ? `, ${number.format(rowsBroken)} do not open` : '';
  const trouble = lastError === null ? '' : ` (${lastError})`;
  const when = finishedAt === null ? '' : `, ${finishedAt.toISOString()}`;
  return `The last re-encryption is ${state}${trouble}: ${rows}${broken}${when}.`;
};
