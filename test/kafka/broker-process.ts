import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { sourceFile } from './jars.js';

const run = promisify(execFile);
const format_timeout_ms = 60_000;
const start_timeout_ms = 60_000;
const poll_ms = 50;

/** Short-lived and small: neither the second compiler nor parallel collectors pay here. */
const javaOptions = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/**
 * Starts the broker, writes down its process id, and kills it once our standard input ends: it must not outlive the process that
 * started it, however that one dies. (In a shell a background command has no standard input, so it is kept as 3.)
 */
const withLifeline = `exec 3<&0
"$@" 3<&- & broker=$!
echo $broker > "$PID_FILE"
{ read -r _ <&3; kill -9 $broker; } & lifeline=$!
wait $broker
kill $lifeline`;
const withoutLifeline = 'echo $$ > "$PID_FILE"; exec "$@"';

export interface BrokerOptions {
  /** Holds server.properties, the data, the log and the process id. */
  folder: string;
  classPath: string;
  /** Whether the broker ends with this process. */
  lifeline: boolean;
}

/** The process id of the broker that was started in `folder`, if it still runs. */
export const runningBroker = async (folder: string): Promise<number | undefined> => {
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => ''));
  if (!Number.isSafeInteger(pid) || pid < 2) return undefined;
  const { stdout } = await run('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.includes(join(folder, 'server.properties')) ? pid : undefined; // else the id has gone to another process
};

/** Ends the broker in `folder` and waits until it is gone: asks first where `graceMs` is above 0. */
export const endBroker = async (folder: string, graceMs: number): Promise<void> => {
  const pid = await runningBroker(folder);
  if (pid === undefined) return;
  if (graceMs > 0) {
    signal(pid, 'SIGTERM');
    if (await isGone(folder, graceMs)) return;
  }
  signal(pid, 'SIGKILL');
  if (!(await isGone(folder, 10_000))) throw new Error(`the broker ${pid} does not end`);
};

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended by itself
  }
};

const isGone = async (folder: string, withinMs: number): Promise<boolean> => {
  for (const until = Date.now() + withinMs; Date.now() < until; await sleep(poll_ms)) {
    if ((await runningBroker(folder)) === undefined) return true;
  }
  return false;
};

/** Formats the storage of a new broker. */
export const formatStorage = async (
  { folder, classPath }: BrokerOptions,
  clusterId: string,
  formatArguments: readonly string[],
): Promise<void> => {
  const tool = ['-Xmx256m', '-cp', classPath, 'kafka.tools.StorageTool', 'format'];
  const storage = ['-t', clusterId, '-c', join(folder, 'server.properties'), '--ignore-formatted', ...formatArguments];
  await run('java', [...javaOptions, ...tool, ...storage], { timeout: format_timeout_ms, killSignal: 'SIGKILL' });
};

/** Starts the broker in `folder` and resolves once it serves. Throws with the last lines of its log when it does not. */
export const startBroker = async ({ folder, classPath, lifeline }: BrokerOptions): Promise<void> => {
  const logFile = join(folder, 'log');
  const from = await sizeOf(logFile);
  await rm(join(folder, 'pid'), { force: true });
  const log = openSync(logFile, 'a');
  const configuration = `-Dlog4j2.configurationFile=${sourceFile('log4j2.properties')}`;
  const java = ['java', ...javaOptions, '-Xmx512m', configuration, '-cp', classPath];
  const server = [...java, 'kafka.Kafka', join(folder, 'server.properties')];
  const child = spawn('/bin/sh', ['-c', lifeline ? withLifeline : withoutLifeline, 'sh', ...server], {
    detached: true, // Ctrl-C is for the tests; the broker ends after them
    stdio: [lifeline ? 'pipe' : 'ignore', log, log],
    env: { ...process.env, PID_FILE: join(folder, 'pid') },
  });
  closeSync(log);
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  await hasStarted(child, logFile, from);
};

const hasStarted = async (child: ChildProcess, logFile: string, from: number): Promise<void> => {
  let failed: Error | undefined;
  child.once('error', (error) => (failed = error));
  child.once('exit', (code) => (failed ??= new Error(`it ended with code ${code}`)));
  for (const until = Date.now() + start_timeout_ms; Date.now() < until; await sleep(poll_ms)) {
    const written = await readFrom(logFile, from);
    if (written.includes('Kafka Server started')) return;
    if (failed) throw new Error(`the broker did not start: ${failed.message}; ${lastLines(written)}`);
  }
  child.kill('SIGKILL');
  const written = await readFrom(logFile, from);
  throw new Error(`the broker did not start within ${start_timeout_ms / 1_000} s; ${lastLines(written)}`);
};

const lastLines = (text: string): string => `its log ends: ${text.trimEnd().split('\n').slice(-5).join('\n')}`;

const sizeOf = async (file: string): Promise<number> => {
  const handle = await open(file, 'a');
  const { size } = await handle.stat();
  await handle.close();
  return size;
};

const readFrom = async (file: string, from: number): Promise<string> => (await readFile(file)).toString('utf8', from);
