import type { RotatingPlatformPurpose, RotatingPurpose, TenantKeyVersion } from '#keys';
import {
  KeyManagementUnavailable,
  MasterKeyRotation,
  PlatformKeyRotation,
  PostgresMasterKeyStore,
  PostgresPlatformKeyStore,
  PostgresTenantKeyring,
  TenantKeyRotation,
  isRotating,
  lastingPurposes,
  rotatingPurposes,
} from '#keys';
import { Command, Option } from 'commander';
import type { Pool } from 'pg';

import { recorded } from '../operator/recorded.js';
import type { ProgressDisplay } from '../progress.js';
import { showProgress } from '../progress.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import type { KeyRoom } from './key-room.js';
import { knownTenant, withKeyRoom } from './key-room.js';
import { Outcomes } from './outcomes.js';
import { standingOfPlatform } from './standing.js';

interface RotateOptions {
  tenant?: string;
  purpose?: string;
  overdue?: boolean;
  madeBefore?: string;
  master?: boolean;
  json?: boolean;
}

type DueKey = TenantKeyVersion & { purpose: RotatingPurpose };

const pageSize = 200;
const atOnce = 8;
const number = new Intl.NumberFormat('en');

const explained = `
A new version seals from then on; running processes know it within five minutes, and the older ones open for as long as anything stands
under them. Nothing fails meanwhile. Every KEY_ROTATION_DAYS (90) the gateway, and webhook-ingest for the key of its inbox, do the same by themselves.
What was interrupted goes on with --made-before and the time at which it began, which it says itself.
Keys of the purposes ${lastingPurposes.join(' and ')} are compared with and never replaced; --master wraps them anew, as all others.

Examples:
  npx --no billing keys rotate --tenant 11111111-1111-4111-8111-111111111111 --purpose token
  npx --no billing keys rotate --master`;

export const rotateCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('rotate'))
    .summary('make newer versions of keys')
    .description(
      'Makes a newer version of the keys of all tenants and of the platform, or of some of them; or of the master key above them.',
    )
    .option('--tenant <id>', 'the keys of one tenant only')
    .option('--purpose <purpose>', `one purpose only: ${rotatingPurposes.join(', ')}`)
    .option('--overdue', 'only what is older than KEY_ROTATION_DAYS')
    .addOption(
      new Option('--made-before <time>', 'only what was made before then, such as 2026-11-21T10:00:00Z').conflicts(
        'overdue',
      ),
    )
    .addOption(
      new Option(
        '--master',
        'have the KMS make new material for the master key, and wrap every key anew under it',
      ).conflicts(['tenant', 'purpose', 'overdue', 'madeBefore']),
    )
    .option('--json', 'print one JSON object')
    .addHelpText('after', explained)
    .action((options: RotateOptions) =>
      orUsage(command, () =>
        withKeyRoom(environment, (room) => (options.master ? rotateMaster(room, options) : rotate(room, options))),
      ),
    );
  return recorded(command, environment, {
    act: (_, { tenant }) => (typeof tenant === 'string' ? { resource: tenant, tenantId: tenant } : {}),
  });
};

const rotate = async (
  room: KeyRoom,
  { tenant, purpose, overdue = false, madeBefore, json = false }: RotateOptions,
): Promise<void> => {
  const { pool, environment, lifeDays } = room;
  const purposes = purpose === undefined ? [...rotatingPurposes] : [rotatingPurpose(purpose)];
  const onlyTenant = tenant === undefined ? null : await knownTenant(pool, tenant);
  const before = madeBefore === undefined ? await daysAgo(pool, overdue ? lifeDays : 0) : timeOf(madeBefore);
  const kms = await room.openKms();
  const rotation = new TenantKeyRotation({
    app: 'operator',
    environment,
    kms,
    keyring: new PostgresTenantKeyring(pool),
  });
  const display = showProgress('keys');
  try {
    const outcomes = new Outcomes();
    const ofAll = onlyTenant === null && purpose === undefined;
    const store = new PostgresPlatformKeyStore(pool);
    const platform = new PlatformKeyRotation({ app: 'operator', environment, kms, store });
    if (ofAll) await rotatePlatformKeys(pool, platform, before, outcomes);
    const platformRotated = outcomes.rotated;
    await rotateTenantKeys(pool, rotation, { purposes, onlyTenant, before }, { display, outcomes });
    const rotated = outcomes.rotated - platformRotated;
    const made = onlyTenant === null || outcomes.refused > 0 ? 0 : await rotation.create(onlyTenant);
    display.stop();
    const { refused } = outcomes;
    if (json) console.log(JSON.stringify({ rotated, made, platformRotated, ...(refused > 0 && { refused }) }));
    else {
      const alsoMade = made > 0 ? `, ${made} made that the tenant did not have yet` : '';
      console.log(`${number.format(rotated + platformRotated)} keys rotated${alsoMade}.`);
      if (rotated > 0)
        console.log(
          'billing keys re-encrypt seals anew what stands under the older versions; unasked it is done within the hour.',
        );
    }
    if (refused === 0) return;
    console.error(
      `${number.format(refused)} keys do not open and are as they were: they were changed past the service.`,
    );
    process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof KeyManagementUnavailable) || overdue) throw error;
    throw new Error(
      `${error.message}; what was done stays done. The same command goes on with --made-before ${before.toISOString()}`,
      { cause: error },
    );
  } finally {
    display.stop();
  }
};

/** By the database's clock, which says when keys were made. */
const daysAgo = async (pool: Pool, days: number): Promise<Date> => {
  const { rows } = await pool.query<{ before: Date }>('select now() - make_interval(days => $1) as before', [days]);
  return rows[0]?.before ?? new Date(0);
};

const timeOf = (named: string): Date => {
  const time = new Date(named);
  if (/^\d{4}-\d\d-\d\dT/.test(named) && !Number.isNaN(time.getTime())) return time;
  throw new UsageError('--made-before is a time such as 2026-11-21T10:00:00Z');
};

const rotatingPurpose = (named: string): RotatingPurpose => {
  if (isRotating(named)) return named;
  if ((lastingPurposes as readonly string[]).includes(named))
    throw new UsageError(
      `keys of the purpose ${named} are compared with and never replaced; rotate --master wraps them anew`,
    );
  throw new UsageError(`--purpose is one of ${rotatingPurposes.join(', ')}`);
};

interface Wanted {
  purposes: readonly RotatingPurpose[];
  onlyTenant: string | null;
  before: Date;
}

const newestSql = `select tenant_id as "tenantId", purpose, version from billing.tenant_key
  where superseded_at is null and purpose = any ($1) and ($2::uuid is null or tenant_id = $2) and created_at <= $3
    and ($4::uuid is null or (tenant_id, purpose) > ($4::uuid, $5::text))
  order by tenant_id, purpose limit $6`;
const countSql = `select count(*)::integer as count from billing.tenant_key
  where superseded_at is null and purpose = any ($1) and ($2::uuid is null or tenant_id = $2) and created_at <= $3`;

const rotateTenantKeys = async (
  pool: Pool,
  rotation: TenantKeyRotation,
  { purposes, onlyTenant, before }: Wanted,
  { display, outcomes }: { display: ProgressDisplay; outcomes: Outcomes },
): Promise<void> => {
  const { rows } = await pool.query<{ count: number }>(countSql, [purposes, onlyTenant, before]);
  const total = rows[0]?.count ?? 0;
  let seen = 0;
  let last: DueKey | undefined;
  do {
    const place = [last?.tenantId ?? null, last?.purpose ?? null];
    const { rows: page } = await pool.query<DueKey>(newestSql, [purposes, onlyTenant, before, ...place, pageSize]);
    for (let at = 0; at < page.length; at += atOnce) {
      const some = page.slice(at, at + atOnce);
      await Promise.all(some.map((key) => outcomes.count(() => rotation.rotate(key))));
      outcomes.assertSettingsFit();
      seen += some.length;
      display.update(Math.min(seen, total), total);
    }
    last = page.length === pageSize ? page.at(-1) : undefined;
  } while (last);
  outcomes.assertSettingsFit();
};

const rotatePlatformKeys = async (
  pool: Pool,
  rotation: PlatformKeyRotation,
  before: Date,
  outcomes: Outcomes,
): Promise<void> => {
  const due = (await standingOfPlatform(pool, before)).filter(({ overdue }) => overdue);
  for (const { processor, purpose, version } of due)
    await outcomes.count(() => rotation.rotate({ processor, purpose: purpose as RotatingPlatformPurpose, version }));
};

const rotateMaster = async (
  { pool, environment, openKms }: KeyRoom,
  { json = false }: RotateOptions,
): Promise<void> => {
  const kms = await openKms();
  const display = showProgress('keys');
  try {
    const rotation = new MasterKeyRotation({
      app: 'key-custodian',
      environment,
      kms,
      store: new PostgresMasterKeyStore(pool, environment),
    });
    const { done, refused } = await rotation.run((soFar) => {
      display.update(Math.min(soFar.done, soFar.total), soFar.total);
    });
    display.stop();
    if (json) console.log(JSON.stringify({ wrapped: done - refused, refused }));
    else
      console.log(
        `The master key has new material; ${number.format(done - refused)} keys and secrets are wrapped anew under it.`,
      );
    if (refused === 0) return;
    console.error(
      `${refused} keys and secrets were refused by the KMS and are as they were: they are of another master key or environment, or changed.`,
    );
    process.exitCode = 1;
  } finally {
    display.stop();
  }
};
