import { Command, Option } from 'commander';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import { dismissCommand } from './dismiss-command.js';
import type { State } from './events.js';
import { countStuck, findEvents, listEvents, states } from './events.js';
import { jsonOf, linesOf, tableOf } from './present.js';
import { replayCommand } from './replay-command.js';
import { sinceOf } from './since.js';

const explained = `
An event of Stripe is received, then applied, or ignored where it is of no use here. It waits for up to 15 minutes for an object that is
not known yet. Quarantined ones name no tenant of ours, or do not fit what they name: find out why before you replay one, or
dismiss it. Failed ones met an error of our own: replay them once it is mended. What they say is sealed, and shown nowhere. docs/operations/webhooks.md has more.
`;

/** `billing webhooks`: the processor's events, and what became of them. */
export const webhooksCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('webhooks'))
    .summary("list, show, replay or dismiss the processor's events")
    .description("The processor's events, and what became of them.")
    .addHelpText('after', explained)
    .addCommand(listCommand(environment))
    .addCommand(showCommand(environment))
    .addCommand(replayCommand(environment))
    .addCommand(dismissCommand(environment));

interface ListOptions {
  state?: State;
  since?: string;
  limit: string;
  json?: boolean;
}

const listCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('list'))
    .summary('list them, the newest first')
    .addOption(new Option('--state <state>', 'only those of this state').choices(states))
    .option('--since <when>', 'only those received since then: 30m, 36h, 7d, or a time of RFC 3339')
    .option('--limit <count>', 'how many at most', '100')
    .option('--json', 'print one JSON object an event')
    .action((options: ListOptions) => orUsage(command, () => list(environment, options)));
  return command;
};

const list = async (environment: NodeJS.ProcessEnv, options: ListOptions): Promise<void> => {
  const { state, json = false } = options;
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new UsageError('--limit is a number from 1 to 10000');
  const since = options.since === undefined ? undefined : sinceOf(options.since, new Date());
  await withIngest(environment, async (pool) => {
    const events = await listEvents(pool, { state, since, limit });
    if (json) {
      for (const event of events) console.log(JSON.stringify(jsonOf(event)));
      return;
    }
    if (events.length > 0) console.log(tableOf(events));
    const stuck = await countStuck(pool);
    console.log(`${events.length} shown. ${stuck} of all wait for a person: quarantined or failed.`);
  });
};

const showCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('show'))
    .summary('show what is known of one, but for what it says')
    .argument('<event>', 'as `list` prints it')
    .option('--json', 'print it as one JSON object')
    .action((eventId: string, { json = false }: { json?: boolean }) =>
      orUsage(command, () =>
        withIngest(environment, async (pool) => {
          const [event] = await findEvents(pool, eventId);
          if (event) {
            console.log(json ? JSON.stringify(jsonOf(event)) : linesOf(event));
            return;
          }
          console.error(`There is no event ${eventId}: it never came, or it was removed after 30 days.`);
          process.exitCode = 1;
        }),
      ),
    );
  return recorded(command, environment);
};

const withIngest = async (environment: NodeJS.ProcessEnv, work: (pool: Pool) => Promise<void>): Promise<void> => {
  const pool = openOperator(environment, 'billing_webhook_ingest', { max: 1 });
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
};
