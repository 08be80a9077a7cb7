import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import type { RunResults } from './reporter.js';
import SecurityModel, { rowsOf } from './reporter.js';

const spec = 'libs/door/door.unit.spec.ts';
const heading = '| promise | how it is kept | test |\n|---|---|---|\n';
const closed = `| the door is closed | a lock (\`libs/door\`) | \`${spec} › the door › is closed to $name\` |\n`;
const barred = `| the window is barred | bars | \`${spec} › the window › is barred\` (needs iron) |\n`;

const ci = process.env.CI;
let root: string;
let printed: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'billing-model-'));
  for (const folder of ['docs', 'libs/door']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, spec), `describe('the door', () => it.each(people)('is closed to $name', …));`);
  delete process.env.CI;
  printed = [];
  jest.spyOn(process, 'once').mockImplementation((event, listener) => {
    printed.push(`${String(event)} ${String(listener).slice(0, 20)}`);
    return process;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(root, { recursive: true });
  delete process.env.CI;
  if (ci !== undefined) process.env.CI = ci;
});

type Ended = [suite: string, title: string, status: string];

const ran = (...tests: Ended[]): RunResults => ({
  testResults: [
    {
      testFilePath: join(root, spec),
      testResults: tests.map(([suite, title, status]) => ({ ancestorTitles: [suite], title, status })),
    },
  ],
});

/** What a run on a page says of it. */
const after = (
  page: string | undefined,
  results: RunResults,
  narrowed: object = {},
): { error?: string; unproven?: number } => {
  if (page !== undefined) writeFileSync(join(root, 'docs/security-model.md'), page);
  const whole = { testPathPatterns: { isSet: () => false }, nonFlagArgs: [], onlyChanged: false, onlyFailures: false };
  const reporter = new SecurityModel({ rootDir: root, ...whole, findRelatedTests: false, ...narrowed });
  reporter.onRunComplete([], results);
  return { error: reporter.getLastError()?.message, unproven: results.unprovenRows };
};

const toOne: Ended = ['the door', 'is closed to Ann', 'passed'];
const toTwo: Ended = ['the door', 'is closed to Bob', 'passed'];

const absent = 'did not run: there is no test of that name';

describe('a whole run', () => {
  it('goes well where every test that a row names has passed, and says so', () => {
    expect(after(heading + closed, ran(toOne, toTwo))).toEqual({ error: undefined, unproven: 0 });
    expect(printed).toHaveLength(1);
  });

  it.each<[string, Ended[], string]>([
    ['did not run', [['the door', 'opens', 'passed']], absent],
    ['has another name', [['the door', 'is shut to Ann', 'passed']], absent],
    ['is in another suite', [['the gate', 'is closed to Ann', 'passed']], absent],
    ['has failed', [['the door', 'is closed to Ann', 'failed']], 'has failed'],
    ['has failed in one of its cases', [toOne, ['the door', 'is closed to Bob', 'failed']], 'has failed'],
    ['was skipped', [['the door', 'is closed to Ann', 'pending']], 'was skipped'],
    ['was skipped in one of its cases', [toOne, ['the door', 'is closed to Bob', 'pending']], 'was skipped'],
    ['is still to be written', [['the door', 'is closed to Ann', 'todo']], 'was skipped'],
  ])('fails where the test of a row %s', (_, tests, reason) => {
    const { error, unproven } = after(heading + closed, ran(...tests));
    expect(error).toContain(`"the door is closed": ${spec} › the door › is closed to $name ${reason}`);
    expect(unproven).toBe(1);
  });

  it('fails where the spec of a row did not run at all', () => {
    expect(after(heading + closed, { testResults: [] }).error).toContain(absent);
  });

  it('counts every row that is not proved', () => {
    expect(after(heading + closed + barred, ran()).unproven).toBe(2);
  });

  it('fails without the page, and with one of another form', () => {
    expect(after(undefined, ran(toOne)).error).toMatch(/^docs.security-model.md: .*ENOENT/);
    expect(after('', ran(toOne)).error).toBe('docs/security-model.md: the page has no row');
  });

  describe('without a part that a row says it needs', () => {
    const skipped: Ended = ['the window (skipped: no iron)', 'needs iron', 'pending'];

    it('goes well where the spec has skipped its tests', () => {
      expect(after(heading + closed + barred, ran(toOne, skipped))).toEqual({ error: undefined, unproven: 0 });
    });

    it('fails in CI', () => {
      process.env.CI = 'true';
      expect(after(heading + closed + barred, ran(toOne, skipped)).unproven).toBe(1);
    });

    it('fails where nothing was skipped, or the test has failed', () => {
      expect(after(heading + closed + barred, ran(toOne)).unproven).toBe(1);
      expect(after(heading + barred, ran(['the window', 'is barred', 'failed'])).unproven).toBe(1);
    });
  });
});

describe('a run of some of the tests', () => {
  const some = { testPathPatterns: { isSet: () => true } };

  it.each([
    ['a path', some],
    ['a file', { nonFlagArgs: ['door.unit.spec.ts'] }],
    ['a name', { testNamePattern: 'door' }],
    ['a shard', { shard: { shardIndex: 1, shardCount: 2 } }],
    ['what has changed', { onlyChanged: true }],
    ['what has failed', { onlyFailures: true }],
  ])('by %s goes well and says nothing where the tests of all rows exist', (_, narrowed) => {
    expect(after(heading + closed, { testResults: [] }, narrowed)).toEqual({ error: undefined, unproven: 0 });
    expect(printed).toEqual([]);
  });

  it('fails where a row names a test that is not in its spec', () => {
    const { error } = after(heading + closed.replace('is closed to', 'is shut to'), ran(toOne), some);
    expect(error).toContain(`${spec} has no "is shut to $name"`);
  });

  it('fails where a row names a spec that is not there', () => {
    expect(after(heading + closed.replaceAll('door.unit', 'gate.unit'), ran(toOne), some).error).toContain(
      'there is no libs/door/gate.unit.spec.ts',
    );
  });
});

describe('the page', () => {
  it('may name several tests in a row, and hold a bar that is written \\|', () => {
    const rows = rowsOf(`${heading}| a \\| b | c | \`${spec} › d › e\`<br>\`${spec} › f\` (needs Kafka) |`);
    expect(rows).toEqual([
      {
        promise: 'a | b',
        tests: [
          { file: spec, titles: ['d', 'e'] },
          { file: spec, titles: ['f'] },
        ],
        needs: 'Kafka',
      },
    ]);
  });

  it.each([
    ['a row without a test', '| a | b | |', '"a" names no test'],
    ['a row whose test is no code', '| a | b | c › d |', '"a" names no test'],
    ['a row that names a spec alone', `| a | b | \`${spec}\` |`, `"${spec}" is not`],
    ['a row that names no spec', '| a | b | `libs/door.ts › c` |', '"libs/door.ts › c" is not'],
    ['a row without what keeps it', `| a | | \`${spec} › b\` |`, 'not a row'],
    ['a row of four cells', `| a | b | \`${spec} › b\` | c |`, 'not a row'],
    ['a promise twice', `| a | b | \`${spec} › b\` |\n| a | c | \`${spec} › b\` |`, '"a" is there twice'],
  ])('may not have %s', (_, row, reason) => {
    expect(() => rowsOf(heading + row)).toThrow(reason);
  });

  it('may not have a table of other columns', () => {
    expect(() => rowsOf('| promise | test |\n|---|---|\n')).toThrow('a table with other columns');
  });
});
