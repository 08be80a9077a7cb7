/*
 * `npm run dev`: the standalone, built and started again whenever a source changes. Runs on the locked Node.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { clearTimeout, setTimeout } from 'node:timers';

import { build, isBuilt, sources } from './build.mjs';
import { whileLocked } from './launch-lock.mjs';
import { nodeArguments, path, say } from './project.mjs';

const settle_ms = 200;

let server;
let ending = false;
let timer;
let working = Promise.resolve();

const start = () => {
  server = spawn(process.execPath, [...nodeArguments, path('dist/apps/standalone/main.js')], {
    cwd: path(),
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  server.once('exit', (code) => {
    if (!ending && code !== 0) say(`it ended with exit code ${code}; waiting for a change`);
  });
};

/** The supervisor bounds how long its stop takes. */
const stop = async () => {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
};

const renew = async () => {
  if (ending || isBuilt()) return;
  try {
    await whileLocked(build);
  } catch (error) {
    say(`${error.message}\nwaiting for a change`);
    return;
  }
  await stop();
  if (!ending) start();
};

/** Many changes at once, such as a checkout, become one build; one that comes during a build is seen after it. */
const onChange = (_event, file) => {
  if (file?.endsWith('.spec.ts')) return;
  clearTimeout(timer);
  timer = setTimeout(() => (working = working.then(renew)), settle_ms);
};

const end = async () => {
  if (ending) return;
  ending = true;
  clearTimeout(timer);
  await stop();
  process.exit(0);
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end());
for (const folder of sources.filter((name) => existsSync(path(name))))
  watch(path(folder), { recursive: true }, onChange);
start();
