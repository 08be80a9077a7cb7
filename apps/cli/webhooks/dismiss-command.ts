import { userInfo } from 'node:os';

import { Command } from 'commander';

import { openOperator } from '../operator/index.js';
import { recorded } from '../operator/recorded.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import { dismissEvent, findEvents } from './events.js';

interface DismissOptions {
  reason: string;
  by?: string;
}

export const dismissCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('dismiss'))
    .summary('leave one alone that is quarantined or failed')
    .description(
      'Leaves an event alone that is quarantined or failed, so that it alerts nobody any more. It can still be replayed.',
    )
    .argument('<event>', 'as `list` prints it')
    .requiredOption('--reason <text>', 'why; it is kept')
    .option('--by <name>', 'who says so; by default, who is logged in here')
    .action((eventId: string, options: DismissOptions) =>
      orUsage(command, () => dismiss(environment, eventId, options)),
    );
  return recorded(command, environment);
};

const dismiss = async (environment: NodeJS.ProcessEnv, eventId: string, options: DismissOptions): Promise<void> => {
  const { by = userInfo().username } = options;
  const reason = options.reason.trim();
  if (reason === '' || reason.length > 500) throw new UsageError('--reason takes 1 to 500 characters');
  if (by === '' || by.length > 100) throw new UsageError('--by takes 1 to 100 characters');
  const pool = openOperator(environment, 'billing_webhook_ingest', { max: 1 });
  try {
    const [event] = await findEvents(pool, eventId);
    if (event && (await dismissEvent(pool, event, { by, reason }))) {
      console.log(`${eventId}: dismissed`);
      return;
    }
    console.error(
      event
        ? `${eventId}: it is ${event.state}; only what is quarantined or failed waits for a person`
        : `There is no event ${eventId}: it never came, or it was removed after 30 days.`,
    );
    process.exitCode = 1;
  } finally {
    await pool.end();
  }
};
