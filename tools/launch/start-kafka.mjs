/*
 * `npm run start:kafka`: the standalone on Kafka, each app in a process of its own. Uses KAFKA_BROKERS; without it, starts a
 * broker on KAFKA_PORT of loopback (9092; 0 takes a free one) whose data lies in `kafka/` of the data directory, keeps it running, and stops it after everything else.
 * Runs on the locked Node.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { LaunchError, nodeArguments, path, say } from './project.mjs';
import { runProgram } from './run.mjs';

const look_ms = 500;
const restartLimit = 10;
const exitConfiguration = 78;

let ending = false;
let standalone;

/** Ends the standalone, and we after it. While there is none we just end: the broker's lifeline ends it with us. */
const end = (signal) => {
  ending = true;
  if (standalone === undefined) process.exit(128 + constants.signals[signal]);
  standalone.kill(signal);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end(signal));
process.on('disconnect', () => end('SIGTERM')); // the launcher that started us is gone

/** Whether another run works on the data now: then its broker is not ours to stop. */
const isInUse = (dataDirectory) => {
  try {
    process.kill(JSON.parse(readFileSync(join(dataDirectory, 'run.json'), 'utf8')).pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM'; // else nothing runs there
  }
};

/** Where a new broker listens; one that has data keeps its port. */
const portOf = (text) => {
  if (!/^\d{0,5}$/.test(text ?? '') || Number(text ?? 0) > 65_535)
    throw new LaunchError('KAFKA_PORT must be a port number from 0 (any free one) to 65535', exitConfiguration);
  const port = Number(text || 9092);
  return port === 0 ? {} : { port };
};

/** Starts the broker, after stopping one that a killed run left behind. Throws LaunchError with one line. */
const startBroker = async (dataDirectory) => {
  if (isInUse(dataDirectory))
    throw new LaunchError(`the data in ${dataDirectory} is in use: stop that run first`, exitConfiguration);
  const { NoBroker, startKafka, stopKafka } = await import(path('dist/test/kafka/index.js'));
  const directory = join(dataDirectory, 'kafka');
  const port = portOf(process.env.KAFKA_PORT);
  try {
    await stopKafka(directory);
    return { ...(await startKafka({ directory, log: say, ...port })), folder: join(directory, 'node-1') };
  } catch (error) {
    throw new LaunchError(error.message, error instanceof NoBroker ? exitConfiguration : 1);
  }
};

/** Starts the broker again when it ends, at most ten times; then it ends everything. Resolves once all of it is ending. */
const keepRunning = async ({ folder, restart }) => {
  const { runningBroker } = await import(path('dist/test/kafka/broker-process.js'));
  for (let restarts = 0; !ending; await sleep(look_ms)) {
    if ((await runningBroker(folder)) !== undefined || ending) continue;
    if (restarts === restartLimit) {
      say(`billing: Kafka ended ${restartLimit + 1} times`);
      end('SIGTERM');
      return;
    }
    restarts += 1;
    say('Kafka ended, starting it again');
    await restart(1).catch((error) => say(`billing: Kafka: ${error.message}`));
  }
};

/** Makes the topics. @returns 0, or the exit code of the command, which has said why */
const applyTopics = (env) => runProgram([...nodeArguments, path('dist/apps/cli/main.js'), 'topics', 'apply'], { env });

/** @returns its exit code */
const runStandalone = async (env) => {
  standalone = spawn(process.execPath, [...nodeArguments, path('dist/apps/standalone/main.js')], {
    cwd: path(),
    env,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const [code, signal] = await once(standalone, 'exit');
  return code ?? 128 + constants.signals[signal];
};

const main = async () => {
  const given = process.env.KAFKA_BROKERS ?? '';
  const broker =
    given === '' ? await startBroker(resolve(process.env.BILLING_DATA_DIR || path('.billing'))) : undefined;
  const env = { ...process.env, KAFKA_BROKERS: broker ? broker.brokers.join(',') : given };
  const watch = broker && keepRunning(broker);
  try {
    return (await applyTopics(env)) || (await runStandalone(env));
  } finally {
    ending = true;
    await watch;
    await broker?.stop();
  }
};

try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof LaunchError)) throw error;
  say(`billing: ${error.message}`);
  process.exit(error.exitCode);
}
