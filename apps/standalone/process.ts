import { ConfigurationError, exitConfiguration } from '#platform/configuration';
import { guardProcessOutput } from '#platform/logging';

import { type AppModule, type AppSpec, drain_limit_ms, type FromProcess, type ToProcess } from './protocol.js';

guardProcessOutput({ app: process.argv[2] ?? 'standalone' });

/**
 * A process of the standalone. It is told by its parent which apps to start, serves until it is told to stop, and drains
 * and exits by itself when the parent vanishes. A Ctrl-C of the terminal, or a SIGTERM to the whole process group, reaches it
 * too, but the parent decides who stops when.
 */
const running: { name: string; app: { close(): Promise<void> } }[] = [];
let stopping = false;

const send = (message: FromProcess): Promise<void> =>
  new Promise((resolve) => {
    if (!process.connected) resolve();
    else
      process.send?.(message, () => {
        resolve();
      });
  });

const start = async (apps: AppSpec[]): Promise<void> => {
  for (const { name, entry, environment } of apps) {
    try {
      const module = (await import(entry)) as AppModule;
      running.push({ name, app: await module.start(environment) });
    } catch (error) {
      const refused = error instanceof ConfigurationError;
      if (!refused) console.error(error);
      await send({ type: 'failed', message: `${name}: ${(error as Error).message}`, refused });
      await stop(refused ? exitConfiguration : 1);
    }
  }
  await send({ type: 'ready' });
};

/** Closes the apps, the last one first, and exits: with `code`, or with 1 when they did not close in time. */
const stop = async (code: number): Promise<void> => {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(1), drain_limit_ms).unref();
  let result = code;
  for (const { name, app } of running.splice(0).reverse()) {
    try {
      await app.close();
    } catch (error) {
      console.error(`${name} did not close:`, error);
      result = 1;
    }
  }
  process.exit(result);
};

// A reader of our output that went away (`npm start | head`) is no reason to end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('SIGTERM', () => {
  if (!process.connected) void stop(0);
});
process.on('disconnect', () => void stop(0));
process.on('message', (message: ToProcess) => {
  if (message.type === 'start') void start(message.apps);
  else void stop(0);
});
