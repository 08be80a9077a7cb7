import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { build, isBuilt } from './build.mjs';
import { install, reasonToInstall } from './install.mjs';
import { whileLocked } from './launch-lock.mjs';
import { LaunchError, lockedNode, root } from './project.mjs';

/** Brings node_modules and dist to what the lockfile and the sources say. */
export const prepare = async () => {
  if (reasonToInstall() === undefined && isBuilt()) return;
  await whileLocked(async (onChild) => {
    // Asked again: another launch may have done it while we waited.
    const reason = reasonToInstall();
    if (reason !== undefined) await install(reason, onChild);
    if (!isBuilt()) await build();
  });
};

/** The memory of a process holds what is sealed everywhere else: neither it nor a child of it leaves a core file. It stays the same process. */
const withoutCoreFile = 'ulimit -c 0 && exec "$0" "$@"';

/**
 * Runs a program on the locked Node and waits for its end, passing signals on. A terminal's Ctrl-C reaches it directly as
 * well: programs take signals that come within a second for one.
 * @param options.linked tells the program by a closed channel when we were killed
 * @returns its exit code, 128 + n when signal n ended it
 */
export const runProgram = (args, { cwd = root, env = process.env, linked = false } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', withoutCoreFile, lockedNode(), ...args], {
      cwd,
      env,
      stdio: ['inherit', 'inherit', 'inherit', ...(linked ? ['ipc'] : [])],
    });
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const forward = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    const done = () => {
      for (const signal of signals) process.removeListener(signal, forward);
    };
    child.once('error', (error) => {
      done();
      reject(new LaunchError(`cannot run ${lockedNode()}: ${error.message}`));
    });
    child.once('exit', (code, signal) => {
      done();
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });

/**
 * Runs a command to its exit code, and says what went wrong in a line. A signal ends it, until the command calls `ready`:
 * from then on the program that it runs decides.
 */
export const exitWith = async (command) => {
  const interrupted = {
    SIGHUP: () => process.exit(129),
    SIGINT: () => process.exit(130),
    SIGTERM: () => process.exit(143),
  };
  for (const [signal, end] of Object.entries(interrupted)) process.once(signal, end);
  const ready = () => {
    for (const [signal, end] of Object.entries(interrupted)) process.removeListener(signal, end);
  };
  try {
    process.exitCode = await command(ready);
  } catch (error) {
    if (!(error instanceof LaunchError)) throw error;
    process.stderr.write(`billing: ${error.message}\n`);
    process.exitCode = error.exitCode;
  }
};
