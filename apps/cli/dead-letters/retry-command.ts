import { Command } from 'commander';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import type { LetterId } from './letter-id.js';
import { letterIdOf, roleOf, textOf } from './letter-id.js';
import { findCommandLetters, findEventLetter, firstOfStream, listEventLetters, requestRetry } from './letters.js';
import { printable } from './present.js';
import { outcomeOf } from './retry.js';

type EventLetterId = Extract<LetterId, { kind: 'event' }>;

interface RetryOptions {
  consumer?: string;
  all?: boolean;
  wait: boolean;
}

/** Letters retried by one call at most: the next call takes the next ones. */
const maxLetters = 1_000;
const waitMs = 10_000;

export const retryCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('retry'))
    .summary('have the running consumer try them again')
    .argument('[id...]', 'as `list` prints them')
    .option('--consumer <name>', 'all of one consumer')
    .option('--all', 'all of every consumer')
    .option('--no-wait', 'do not wait for the outcome')
    .action((ids: string[], options: RetryOptions) => orUsage(command, () => retry(environment, ids, options)));
  return recorded(command, environment, {
    act: ([id, more]) => (id === undefined || more !== undefined ? {} : { resource: id }),
  });
};

const retry = async (environment: NodeJS.ProcessEnv, texts: string[], options: RetryOptions): Promise<void> => {
  const { consumer, all = false, wait } = options;
  if ([texts.length > 0, consumer !== undefined, all].filter(Boolean).length !== 1)
    throw new UsageError('name what to retry: ids, or --consumer, or --all');
  if (consumer !== undefined) roleOf(consumer);
  const given = texts.map(letterIdOf);
  const analyst = openOperator(environment, 'billing_analyst', { max: 1 });
  try {
    const wanted = texts.length > 0 ? await retriable(analyst, given) : await allOf(analyst, consumer);
    const asked = await ask(environment, wanted);
    console.log(`${asked.length} to be tried again.`);
    if (asked.length === 0) process.exitCode = 1;
    if (!wait) return;
    const deadline = Date.now() + waitMs;
    for (const id of asked) await tell(analyst, id, deadline);
  } finally {
    await analyst.end();
  }
};

const allOf = async (pool: Pool, consumer: string | undefined): Promise<EventLetterId[]> =>
  (await listEventLetters(pool, { consumer, limit: maxLetters })).map((letter) => ({
    kind: 'event',
    consumer: letter.consumer,
    shard: letter.shard,
    position: Number(letter.position),
  }));

/** Those of `ids` that can be retried; says of the others why they cannot. */
const retriable = async (pool: Pool, ids: readonly LetterId[]): Promise<EventLetterId[]> => {
  const found: EventLetterId[] = [];
  for (const id of ids) {
    const why = id.kind === 'command' ? await whyNoCommand(pool, id) : await whyNot(pool, id);
    if (why === undefined && id.kind === 'event') found.push(id);
    else refuse(`${textOf(id)}: ${why}`);
  }
  return found;
};

const whyNoCommand = async (pool: Pool, id: Extract<LetterId, { kind: 'command' }>): Promise<string> => {
  const [letter] = await findCommandLetters(pool, id);
  if (!letter) return 'there is no such dead letter';
  const producer = letter.claimed_producer === null ? 'its producer' : `producer ${printable(letter.claimed_producer)}`;
  return `a command cannot be retried, its signature was dropped; ask ${producer} to send it again`;
};

const whyNot = async (pool: Pool, id: EventLetterId): Promise<string | undefined> => {
  roleOf(id.consumer);
  const letter = await findEventLetter(pool, id);
  if (!letter) return 'there is no such dead letter: it was digested, or never there';
  if (letter.discarded_at !== null) return `it was discarded by ${printable(letter.discarded_by ?? '')}`;
  if (letter.reason === 'poison') return undefined;
  const first = await firstOfStream(pool, letter);
  return `it only waits behind ${letter.consumer}/${letter.shard}:${first}; retry that one`;
};

/** Asks each consumer in its own role. Gives those that were asked for. */
const ask = async (environment: NodeJS.ProcessEnv, ids: readonly EventLetterId[]): Promise<EventLetterId[]> => {
  const asked: EventLetterId[] = [];
  for (const consumer of new Set(ids.map((id) => id.consumer))) {
    const pool = openOperator(environment, roleOf(consumer), { max: 1 });
    try {
      for (const id of ids.filter((each) => each.consumer === consumer))
        if (await requestRetry(pool, id)) asked.push(id);
    } finally {
      await pool.end();
    }
  }
  return asked;
};

const tell = async (pool: Pool, id: EventLetterId, deadline: number): Promise<void> => {
  const outcome = await outcomeOf(pool, id, deadline);
  if (outcome.state === 'digested') console.log(`${textOf(id)}: digested`);
  else if (outcome.state === 'failed')
    refuse(`${textOf(id)}: failed again, after ${outcome.tries} tries: ${printable(outcome.error)}`);
  else refuse(`${textOf(id)}: not tried yet; does the ${id.consumer.split(':')[0]} run? It will be tried when it does`);
};

const refuse = (message: string): void => {
  console.error(message);
  process.exitCode = 1;
};
