/*
 * What the scripts of package.json run: installs and builds where needed, then runs the program on the locked Node.
 * This file and those it imports run on the host's Node, 20 or later, before anything is installed.
 * usage: node launch.mjs start | start-kafka | demo | dev | test | test-long | bench [arguments]
 */
import { LaunchError, nodeArguments, path } from './project.mjs';
import { exitWith, prepare, runProgram } from './run.mjs';

const programs = {
  start: (args) => ({ args: [path('dist/apps/standalone/main.js'), ...args], linked: true }),
  'start-kafka': (args) => ({ args: [path('tools/launch/start-kafka.mjs'), ...args], linked: true }),
  demo: (args) => ({ args: [path('dist/apps/cli/main.js'), 'demo', ...args] }),
  dev: (args) => ({ args: [path('tools/launch/dev.mjs'), ...args] }),
  test: (args) => ({ args: [path('dist/test/run.js'), ...args] }),
  'test-long': (args) => ({ args: [path('dist/test/run.js'), '--long', ...args] }),
  bench: (args) => ({ args: [path('dist/test/bench/main.js'), ...args] }),
};

await exitWith(async (ready) => {
  const [name, ...rest] = process.argv.slice(2);
  const program = Object.hasOwn(programs, name ?? '') ? programs[name](rest) : undefined;
  if (program === undefined)
    throw new LaunchError(`usage: launch.mjs ${Object.keys(programs).join(' | ')} [arguments]`, 64);
  await prepare();
  ready();
  return runProgram([...nodeArguments, ...program.args], { linked: program.linked });
});
