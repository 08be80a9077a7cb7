import type { Command } from 'commander';

import { billingProgram } from './program.js';
import { runCommand } from './testing/run-command.js';

interface Named {
  path: string[];
  command: Command;
}

const allOf = (command: Command, path: string[] = []): Named[] => [
  { path, command },
  ...command.commands.flatMap((each) => allOf(each, [...path, each.name()])),
];
const all = allOf(billingProgram({}));

describe('a command that was called wrongly', () => {
  it.each(all)('ends with 64 and one line: billing $path', async ({ path }) => {
    const ran = await runCommand(billingProgram({}), [...path, '--no-such-option']);
    expect([ran.code, ran.out, ran.err]).toEqual([64, '', expect.stringMatching(/^error: .*\n(\(try: .*\)\n)?$/)]);
  });

  it.each(all.filter(({ command }) => command.commands.length > 0))(
    'says which ones there are: billing $path',
    async ({ path }) => {
      const bare = await runCommand(billingProgram({}), path);
      expect([bare.code, bare.err]).toEqual([64, expect.stringMatching(/^Usage: .*\n[^]*\nCommands:\n/)]);
      const wrong = await runCommand(billingProgram({}), [...path, 'nothing-like-it']);
      expect([wrong.code, wrong.err]).toEqual([
        64,
        expect.stringMatching(/^error: unknown command 'nothing-like-it'\n(\(try: .*\)\n)?$/),
      ]);
    },
  );
});
