import { Command } from 'commander';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import { discardCommand } from './discard-command.js';
import { letterIdOf, roleOf } from './letter-id.js';
import {
  countEventLetters,
  eventAt,
  findCommandLetters,
  findEventLetter,
  lettersBehind,
  listCommandLetters,
  listEventLetters,
} from './letters.js';
import { commandJson, envelopeJson, eventJson, printable, tableOf } from './present.js';
import { retryCommand } from './retry-command.js';

const explained = `
An event that a consumer cannot digest is set aside, and the later events of its stream wait behind it; everything else goes on.
Mend the cause, then retry it. Discarding one lets its stream go on without it, for good: the read model never gets that event.
Commands from Kafka that were refused before anybody looked into them are listed too; nothing waits behind those.
`;

/** `billing dead-letters`: what could not be digested, and what to do about it. */
export const deadLettersCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('dead-letters'))
    .summary('list, show, retry or discard what could not be digested')
    .description('Looks after what could not be digested.')
    .addHelpText('after', explained)
    .addCommand(listCommand(environment))
    .addCommand(showCommand(environment))
    .addCommand(retryCommand(environment))
    .addCommand(discardCommand(environment));

interface ListOptions {
  consumer?: string;
  tenant?: string;
  discarded?: boolean;
  limit: string;
  json?: boolean;
}

const listCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('list'))
    .summary('list them, the oldest first')
    .option('--consumer <name>', 'of one consumer, such as projector:read-models, or `command`')
    .option('--tenant <id>', "only this tenant's")
    .option('--discarded', 'those that were discarded')
    .option('--limit <count>', 'how many at most', '100')
    .option('--json', 'print one JSON object a letter')
    .action((options: ListOptions) => orUsage(command, () => list(environment, options)));
  return command;
};

const list = async (environment: NodeJS.ProcessEnv, options: ListOptions): Promise<void> => {
  const { consumer, tenant, discarded = false, json = false } = options;
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new UsageError('--limit is a number from 1 to 10000');
  if (tenant !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenant))
    throw new UsageError('--tenant names a tenant by its id, a UUID');
  if (consumer !== undefined && consumer !== 'command') roleOf(consumer);
  const filter = { consumer, tenantId: tenant?.toLowerCase(), discarded, limit };
  await withAnalyst(environment, async (pool) => {
    const events = consumer === 'command' ? [] : await listEventLetters(pool, filter);
    const commands = (consumer ?? 'command') === 'command' && !discarded ? await listCommandLetters(pool, filter) : [];
    if (json) {
      for (const letter of [...events.map(eventJson), ...commands.map(commandJson)])
        console.log(JSON.stringify(letter));
      return;
    }
    if (events.length + commands.length > 0) console.log(tableOf(events, commands));
    const counted = await countEventLetters(pool);
    console.log(
      `${events.length + commands.length} shown. Of all consumers, ${counted.poison} events wait for a retry, and ${counted.blocked} behind them.`,
    );
  });
};

const showCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('show'))
    .summary('show one: its error, its event or command, and what waits behind it')
    .argument('<id>', 'as `list` prints it')
    .action((text: string) => orUsage(command, () => show(environment, text)));
  return recorded(command, environment, { as: 'billing_analyst' });
};

const behindShown = 20;

const show = (environment: NodeJS.ProcessEnv, text: string): Promise<void> => {
  const id = letterIdOf(text);
  return withAnalyst(environment, async (pool) => {
    if (id.kind === 'command') {
      const letters = await findCommandLetters(pool, id);
      for (const letter of letters) print(commandJson(letter));
      if (letters.length === 0) notFound(text);
      return;
    }
    const letter = await findEventLetter(pool, id);
    if (!letter) {
      notFound(text);
      return;
    }
    const event = await eventAt(pool, letter.shard, letter.position);
    const behind = await lettersBehind(pool, letter, behindShown);
    print({
      ...eventJson(letter),
      event: event && envelopeJson(event),
      waitingBehind: behind.map(({ position, event_type }) => `${letter.shard}:${position} ${event_type}`),
      ...(letter.behind > behind.length && { andMore: letter.behind - behind.length }),
    });
  });
};

const print = (value: Record<string, unknown>): void => {
  console.log(
    JSON.stringify(value, null, 2)
      .split('\n')
      .map((line) => printable(line))
      .join('\n'),
  );
};

const notFound = (text: string): void => {
  console.error(`There is no dead letter ${text}: it was digested, or never there.`);
  process.exitCode = 1;
};

const withAnalyst = async (environment: NodeJS.ProcessEnv, work: (pool: Pool) => Promise<void>): Promise<void> => {
  const pool = openOperator(environment, 'billing_analyst', { max: 1 });
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
};
