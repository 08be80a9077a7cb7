import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';

import { LaunchError, lockedNode, path, say, seconds } from './project.mjs';

const limit_ms = 15 * 60_000;
const progress_ms = 10_000;
const kept_output_chars = 4_000;

const stampFile = () => path('node_modules', '.billing-install');

/** What node_modules was installed for: the lockfile's content and the kind of machine. */
const wantedStamp = () => {
  const lock = createHash('sha256')
    .update(readFileSync(path('package-lock.json')))
    .digest('hex');
  return `${lock} ${process.platform}-${process.arch}\n`;
};

const readText = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};

/**
 * Whether what somebody installed by hand is what the lockfile says: npm leaves a lockfile of its own in node_modules,
 * written last, in which optional packages of other machines are missing.
 */
const agrees = () => {
  const installedText = readText(path('node_modules', '.package-lock.json'));
  if (installedText === undefined) return false;
  const installed = JSON.parse(installedText).packages;
  const wanted = JSON.parse(readFileSync(path('package-lock.json'), 'utf8')).packages;
  const same = (a, b) => a !== undefined && a.version === b.version && a.integrity === b.integrity;
  return (
    Object.entries(installed).every(([name, entry]) => same(wanted[name], entry)) &&
    Object.entries(wanted).every(([name, entry]) => name === '' || entry.optional || entry.peer || name in installed)
  );
};

/** Why node_modules has to be installed, in words; undefined when it is as the lockfile says. */
export const reasonToInstall = () => {
  if (!existsSync(path('node_modules'))) return 'node_modules is missing';
  const wanted = wantedStamp();
  const stamp = readText(stampFile());
  if (lockedNode() === undefined) return 'node_modules is incomplete';
  if (stamp === wanted) return undefined;
  if (stamp !== undefined || !agrees()) return 'node_modules is not what package-lock.json says';
  writeFileSync(stampFile(), wanted);
  return undefined;
};

/** The npm that runs us, with the Node that runs it: `.bin/node` is about to be replaced. */
const npmCommand = () => {
  const { npm_execpath, npm_node_execpath } = process.env;
  if (npm_execpath && /\.c?js$/.test(npm_execpath) && npm_node_execpath && existsSync(npm_node_execpath)) {
    return [npm_node_execpath, npm_execpath];
  }
  return ['npm'];
};

// Development packages too: they hold the compiler. NODE_ENV=production would leave them out.
const installArguments = [
  'ci',
  '--include=dev',
  '--include=optional',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--loglevel=error',
];

/** npm in a process group of its own, with its settings (cache, registry) as they are. */
const spawnNpm = () => {
  const [command, ...before] = npmCommand();
  return spawn(command, [...before, ...installArguments], {
    cwd: path(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, npm_config_update_notifier: 'false' },
  });
};

/** npm takes half a minute to heed a signal, and its install scripts are processes of their own: ends all of its group. */
const killGroup = (child) => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
};

/**
 * Runs `npm ci`, whose output is shown only if it fails. It does not outlive us, except when we are killed: `onChild` is
 * given its process number.
 * Throws LaunchError when it fails, or takes longer than 15 minutes.
 */
export const install = async (reason, onChild) => {
  const began = Date.now();
  say(`${reason}: installing (npm ci)`);
  const child = spawnNpm();
  if (child.pid !== undefined) onChild(child.pid);
  const end = () => killGroup(child);
  process.prependOnceListener('exit', end); // before the lock is released
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (output = (output + text).slice(-kept_output_chars)));
  }
  const progress = setInterval(() => say(`still installing (${seconds(began)})`), progress_ms);
  const limit = setTimeout(end, limit_ms);
  const ending = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  process.removeListener('exit', end);
  clearInterval(progress);
  clearTimeout(limit);
  if (ending !== undefined) {
    const text = output.trim();
    throw new LaunchError(
      `npm ci failed after ${seconds(began)} (${ending}); run it by hand to see more${text === '' ? '' : `. It said:\n${text}`}`,
    );
  }
  if (lockedNode() === undefined) {
    throw new LaunchError(`the lockfile has no Node for ${process.platform}-${process.arch}`);
  }
  writeFileSync(stampFile(), wantedStamp());
  say(`installed in ${seconds(began)}`);
};
