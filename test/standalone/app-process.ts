import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { FromProcess, ToProcess } from '../../apps/standalone/protocol.js';

/** A process of one app, as on a machine of its own: nobody starts it again. */
export interface AppProcess {
  /** kill -9; resolves once it is gone. */
  kill(): Promise<void>;
}

const startLimitMs = 30_000;

/** Starts the compiled `apps/NAME` with `environment`, and resolves once it works. */
export const startAppProcess = async (name: string, environment: NodeJS.ProcessEnv): Promise<AppProcess> => {
  const compiled = (path: string): string => join(process.cwd(), 'dist', path);
  const child = fork(compiled('apps/standalone/process.js'), [`extra-${name}`], {
    env: { PATH: process.env.PATH },
    execArgv: ['--disable-warning=TimeoutNegativeWarning'], // of kafkajs, at each start
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const entry = pathToFileURL(compiled(`apps/${name}/main.js`)).href;
  const start: ToProcess = { type: 'start', apps: [{ name, entry, environment }] };
  child.send(start);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  try {
    await isReady(name, child);
  } catch (error) {
    await kill();
    throw error;
  }
  return { kill };
};

const isReady = async (name: string, child: ChildProcess): Promise<void> => {
  const [answer] = (await once(child, 'message', { signal: AbortSignal.timeout(startLimitMs) })) as [FromProcess];
  if (answer.type === 'failed') throw new Error(`${name} did not start: ${answer.message}`);
};
