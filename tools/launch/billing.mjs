#!/usr/bin/env node
/*
 * The `billing` command: the command line of apps/cli on the locked Node, built first where the sources have changed.
 * Standard output is the command's alone.
 */
import { reasonToInstall } from './install.mjs';
import { LaunchError, nodeArguments, path } from './project.mjs';
import { exitWith, prepare, runProgram } from './run.mjs';

await exitWith(async (ready) => {
  const reason = reasonToInstall();
  if (reason !== undefined) throw new LaunchError(`${reason}: run \`npm ci\` in ${path()} first, or \`npm start\``, 78);
  await prepare();
  ready();
  // The data of this project's `npm start`, from wherever the command is called.
  const env = { BILLING_DATA_DIR: path('.billing'), ...process.env };
  return runProgram([...nodeArguments, path('dist/apps/cli/main.js'), ...process.argv.slice(2)], {
    cwd: process.cwd(),
    env,
  });
});
