/** A server that a test runs as a process of its own, on a port of loopback. */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

const START_MS = 30_000;
const POLL_MS = 20;
const STOP_MS = 3_000;

/** What a command prints, or undefined when it cannot be run. */
export const outputOf = (command: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(command, args, { timeout: START_MS }, (error, stdout) => {
      resolve(error ? undefined : stdout.trim());
    });
  });

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(deadline);
};

/** Starts `command`, which will listen on `port`. Gives a function that ends it. Rejects when it does not listen within 30 seconds. */
export const startChild = async (
  command: string,
  args: readonly string[],
  port: number,
  directory?: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<() => Promise<void>> => {
  const home = directory !== undefined && { TMPDIR: directory, HOME: directory };
  const child = spawn(command, args, {
    stdio: 'ignore',
    ...(directory !== undefined && { cwd: directory }),
    env: { ...process.env, ...home, ...environment },
  });
  child.on('error', () => undefined);
  const deadline = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop(child);
      throw new Error(`${command} did not listen on port ${String(port)} in time`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return () => stop(child);
};
