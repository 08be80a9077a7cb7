import { isTenantId } from '#access/tenancy';
import { reasonForm, reasonWords } from '#domain/tenant';
import type { LegalHold } from '#retention';
import { NoSuchHold, NothingToHold, placeHold, releaseHold } from '#retention';
import { Command, InvalidArgumentError } from 'commander';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { orUsage, refusingUsage, UsageError } from '../usage.js';

interface HoldFlags {
  stream?: string;
  reason: string;
  json?: boolean;
}

const uuidOf = (text: string): string => {
  if (!isTenantId(text)) throw new InvalidArgumentError('an id is a UUID');
  return text.toLowerCase();
};
const reasonOf = (text: string): string => {
  if (!reasonForm.test(text)) throw new InvalidArgumentError(`a reason is ${reasonWords}`);
  return text;
};

/** `billing retention hold`: what is held is not removed. */
export const holdCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('hold'))
    .summary('place a legal hold on a tenant or on one stream of it')
    .description('Places a legal hold: nothing that it covers is removed until it is released, however old it is.')
    .argument('<tenant>', 'the id of the tenant', uuidOf)
    .option('--stream <id>', 'one stream, such as payment-7d1f...; every stream of the tenant by default')
    .requiredOption('--reason <text>', 'a ticket or a code, kept for good: no personal data', reasonOf)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  npx --no billing retention hold 7d1f4a52-6d5b-4c39-9c7e-2f1f5f0c1c11 --reason CASE-1234',
    )
    .action((tenantId: string, { stream, reason, json = false }: HoldFlags, command: Command) =>
      orUsage(command, () =>
        asOperator(environment, async (pool) => {
          print(await placeHold(pool, { tenantId, streamId: stream ?? null, reason }), 'is in force', json);
        }),
      ),
    );

/** `billing retention release`: ends a hold. */
export const releaseCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('release'))
    .summary('release a legal hold')
    .description('Releases a legal hold, for good; it stays written down. What other holds cover stays held.')
    .argument('<hold>', 'the id of the hold, as billing retention status shows it', uuidOf)
    .requiredOption('--reason <text>', 'a ticket or a code, kept for good: no personal data', reasonOf)
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExample:\n  npx --no billing retention release 0c1c117d-6d5b-4c39-9c7e-2f1f5f4a5211 --reason CASE-1234',
    )
    .action((id: string, { reason, json = false }: HoldFlags, command: Command) =>
      orUsage(command, () =>
        asOperator(environment, async (pool) => {
          print(await releaseHold(pool, { id, reason }), 'is released', json);
        }),
      ),
    );

const asOperator = async (environment: NodeJS.ProcessEnv, work: (pool: Pool) => Promise<void>): Promise<void> => {
  const pool = openOperator(environment, 'billing_operator', { max: 1 });
  try {
    await work(pool);
  } catch (error) {
    if (error instanceof NothingToHold || error instanceof NoSuchHold) throw new UsageError(error.message);
    throw error;
  } finally {
    await pool.end();
  }
};

const print = (hold: LegalHold, end: string, json: boolean): void => {
  const covered = hold.streamId ?? 'every stream';
  console.log(json ? JSON.stringify(hold) : `hold ${hold.id} on ${covered} of tenant ${hold.tenantId} ${end}`);
};
