import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';

import { LaunchError, path, say, seconds } from './project.mjs';

/** The folders that the build script of package.json compiles. */
export const sources = ['apps', 'libs', 'migrations', 'test'];
const settings = ['.swcrc', 'package.json', 'package-lock.json'];
const limit_ms = 5 * 60_000;

const stampFile = () => path('dist', '.built');
const isSpec = (file) => file.endsWith('.spec.ts');

const filesBelow = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    : [];

const sourceFiles = () =>
  sources
    .flatMap((folder) => filesBelow(path(folder)))
    .filter((file) => !isSpec(file))
    .sort();

/** Tells one state of the sources from another: names, sizes and times of change. */
const fingerprint = () => {
  const hash = createHash('sha256');
  for (const file of [...sourceFiles(), ...settings.map((name) => path(name))]) {
    const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
    hash.update(`${relative(path(), file)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
};

/** Whether dist is the whole result of the sources as they are. */
export const isBuilt = () => {
  try {
    return readFileSync(stampFile(), 'utf8') === fingerprint();
  } catch {
    return false;
  }
};

/** Removes what sources that are gone once became, so that nothing imports it. */
const removeOrphans = () => {
  const wanted = new Set();
  for (const file of sourceFiles()) {
    const target = path('dist', relative(path(), file));
    if (/\.[cm]?ts$/.test(file)) {
      const compiled = target.replace(/ts$/, 'js');
      wanted.add(compiled).add(`${compiled}.map`);
    } else {
      wanted.add(target).add(`${target}.map`);
    }
  }
  for (const file of filesBelow(path('dist'))) {
    if (!wanted.has(file)) rmSync(file, { force: true });
  }
};

/** Runs the build script of package.json. @returns its output when it failed, otherwise undefined */
const compile = () =>
  new Promise((resolve) => {
    const { build } = JSON.parse(readFileSync(path('package.json'), 'utf8')).scripts;
    const child = spawn(build, {
      shell: true,
      cwd: path(),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, RUST_BACKTRACE: '0', PATH: `${path('node_modules', '.bin')}:${process.env.PATH}` },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    const limit = setTimeout(() => child.kill('SIGKILL'), limit_ms);
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      resolve(code === 0 ? undefined : `${output.trim()}\nthe build ended with ${signal ?? `exit code ${code}`}`);
    });
  });

/**
 * Compiles the sources into dist. The stamp that says it is whole is removed first and written last.
 * Throws LaunchError with the compiler's words.
 */
export const build = async () => {
  const began = Date.now();
  mkdirSync(path('dist'), { recursive: true });
  rmSync(stampFile(), { force: true });
  const state = fingerprint();
  const failure = await compile();
  if (failure !== undefined) throw new LaunchError(failure);
  removeOrphans();
  writeFileSync(`${stampFile()}.new`, state);
  renameSync(`${stampFile()}.new`, stampFile());
  say(`built in ${seconds(began)}`);
};
