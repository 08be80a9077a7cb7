import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { Command, Option } from 'commander';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import type { StuckState, WebhookEvent } from './events.js';
import { countStuck, findEvents, replayEvent, replayState, stuckStates } from './events.js';

interface ReplayOptions {
  state?: StuckState;
  yes?: boolean;
  wait: boolean;
}

/** Events in one statement, and statements in one call, at most: the next call takes the next ones. */
const batch = 1_000;
const maxBatches = 100;
const waitMs = 10_000;
const lookMs = 200;

export const replayCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('replay'))
    .summary('have one tried again, or all that are quarantined or failed')
    .argument('[event]', 'as `list` prints it')
    .addOption(new Option('--state <state>', 'all of this state').choices(stuckStates))
    .option('--yes', 'do not ask')
    .option('--no-wait', 'do not wait for what becomes of it')
    .action((eventId: string | undefined, options: ReplayOptions) =>
      orUsage(command, () => replay(environment, eventId, options)),
    );
  return recorded(command, environment);
};

const replay = async (
  environment: NodeJS.ProcessEnv,
  eventId: string | undefined,
  { state, yes = false, wait }: ReplayOptions,
): Promise<void> => {
  if ((eventId === undefined) === (state === undefined)) throw new UsageError('name one event, or a --state');
  const pool = openOperator(environment, 'billing_webhook_ingest', { max: 1 });
  try {
    if (eventId !== undefined) await replayOne(pool, eventId, wait);
    if (state !== undefined) await replayAll(pool, state, yes);
  } finally {
    await pool.end();
  }
};

const replayOne = async (pool: Pool, eventId: string, wait: boolean): Promise<void> => {
  const [event] = await findEvents(pool, eventId);
  if (!event) return refuse(`There is no event ${eventId}: it never came, or it was removed after 30 days.`);
  if (!(await replayEvent(pool, event))) return refuse(`${eventId}: ${whyNot(event)}`);
  if (!wait) {
    console.log(`${eventId}: to be tried again`);
    return;
  }
  const after = await whatBecameOf(pool, event);
  if (!after) return refuse(`${eventId}: not tried yet; does webhook-ingest run?`);
  const said = [after.outcome, after.reason].filter((each) => each !== null).join(', ');
  if (after.state === 'applied' || after.state === 'ignored') console.log(`${eventId}: ${after.state} (${said})`);
  else refuse(`${eventId}: ${after.state} (${said})`);
};

const whyNot = ({ state, reason }: WebhookEvent): string => {
  if (state === 'applied') return 'it was applied; doing so again would change nothing';
  if (state === 'received') return 'it is about to be tried anyway';
  return reason === 'livemode_mismatch' ? 'it is of another mode than this environment' : `it was ${state} meanwhile`;
};

/** The event once it was tried again. */
const whatBecameOf = async (pool: Pool, before: WebhookEvent): Promise<WebhookEvent | undefined> => {
  const deadline = Date.now() + waitMs;
  while (Date.now() < deadline) {
    const [event] = await findEvents(pool, before.event_id);
    const inHand = event?.state === 'received' || (event?.state === 'waiting' && event.reason === null);
    if (event && event.tries > before.tries && !inHand) return event;
    await sleep(lookMs);
  }
  return undefined;
};

const replayAll = async (pool: Pool, state: StuckState, yes: boolean): Promise<void> => {
  const found = await countStuck(pool, [state]);
  if (found > 0 && !yes && !(await confirmed(found, state))) return refuse('Nothing is tried again.');
  let replayed = 0;
  for (let done = 0; done < maxBatches; done += 1) {
    const more = await replayState(pool, state, Math.min(batch, found - replayed));
    replayed += more;
    if (more === 0 || replayed >= found) break;
  }
  console.log(`${replayed} to be tried again.`);
};

/** Asks on a terminal. Throws UsageError where nobody can answer. */
const confirmed = async (found: number, state: StuckState): Promise<boolean> => {
  if (!process.stdin.isTTY) throw new UsageError(`${found} events are ${state}: say --yes where nobody can be asked`);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asking.question(`${found} events are ${state}. Have them all tried again? (yes/no) `);
    return answer.trim().toLowerCase() === 'yes';
  } finally {
    asking.close();
  }
};

const refuse = (message: string): void => {
  console.error(message);
  process.exitCode = 1;
};
