import { ConfigurationError, exitConfiguration } from '#platform/configuration';

import type { Group } from './groups.js';
import { PartFailed } from './refusal.js';
import { readSettings } from './settings.js';
import { runStandalone } from './supervisor.js';

/** One Ctrl-C arrives several times: from the terminal, from npm and from the launcher. Within this time they are one. */
const same_signal_ms = 1_000;

/**
 * The program behind `npm start`: takes its settings from the environment, stops on SIGINT, SIGTERM, SIGHUP or when its
 * launcher is gone, at once when told again.
 * @param groups the processes; those of design 2 if left out
 * @returns the exit code: 0 after a stop, 78 after one line where a setting is wrong, 1 where a part failed
 */
export const standalone = async (groups?: Group[]): Promise<number> => {
  const stop = new AbortController();
  const hurry = new AbortController();
  let firstSignal = 0;
  const onSignal = (): void => {
    if (!stop.signal.aborted) {
      firstSignal = Date.now();
      stop.abort();
    } else if (Date.now() - firstSignal > same_signal_ms) {
      hurry.abort();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  // The launcher that started us is gone.
  process.on('disconnect', onSignal);
  // A reader of our output that went away is no reason to leave Postgres running.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  try {
    const settings = readSettings(process.env);
    await runStandalone({
      settings,
      print: (line) => {
        console.log(line);
      },
      stop: stop.signal,
      hurry: hurry.signal,
      ...(groups === undefined ? {} : { groups }),
    });
    return 0;
  } catch (error) {
    if (error instanceof ConfigurationError) {
      console.error(`billing: ${error.message}`);
      return exitConfiguration;
    }
    console.error(error instanceof PartFailed ? `billing: ${error.message}` : error);
    return 1;
  }
};
