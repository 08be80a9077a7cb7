import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'billing-model-')));
  mkdirSync(join(root, 'docs'));
  writeFileSync(join(root, 'door.unit.spec.ts'), "test('is closed', () => undefined);\n");
  writeFileSync(join(root, 'package.json'), '{}');
  const reporters = ['default', resolve('test/security-model/reporter.ts'), resolve('test/closing-line.mjs')];
  const config = {
    testRegex: 'spec\\.ts$',
    transform: {},
    reporters,
    watchman: false,
    cacheDirectory: join(root, 'cache'),
  };
  writeFileSync(join(root, 'jest.config.json'), JSON.stringify(config));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Runs jest on a project of one test, with the page that says what this test proves. */
const run = (test: string, args: string[] = []): Promise<{ code: number; lines: string[] }> => {
  const rows = `| promise | how it is kept | test |\n|---|---|---|\n| the door is closed | a lock | \`${test}\` |\n`;
  writeFileSync(join(root, 'docs/security-model.md'), rows);
  return new Promise((done) => {
    const env = { ...process.env, NODE_OPTIONS: '', FORCE_COLOR: '0' };
    const jest = [
      resolve('node_modules/jest/bin/jest.js'),
      '--rootDir',
      root,
      '--config',
      join(root, 'jest.config.json'),
    ];
    execFile(process.execPath, [...jest, ...args], { cwd: root, env }, (error, stdout) => {
      done({ code: error ? Number(error.code) : 0, lines: stdout.trim().split('\n') });
    });
  });
};

describe('a run of jest', () => {
  it('ends well where the row is proved, and its last line counts', async () => {
    const { code, lines } = await run('door.unit.spec.ts › is closed');
    const said = 'docs/security-model.md: 1 promises proved by tests that passed in this run';
    expect({ code, lines: lines.slice(-2) }).toEqual({ code: 0, lines: [said, '1 passed, 0 failed'] });
  });

  it('ends with 1 where the row is not proved although each test has passed, and its last line counts that', async () => {
    const { code, lines } = await run('door.unit.spec.ts › is barred');
    const said = expect.stringMatching(/"the door is closed": .* did not run/) as string;
    expect({ code, lines: lines.slice(-2) }).toEqual({ code: 1, lines: [said, '1 passed, 1 failed'] });
  });
});
