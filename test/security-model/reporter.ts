import { readFileSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';

/** A test as a row names it: its spec, and the titles from the outermost suite down, as the source has them. */
export interface NamedTest {
  file: string;
  titles: string[];
}

/** A promise of docs/security-model.md and the tests that prove it. */
export interface Row {
  promise: string;
  tests: NamedTest[];
  /** What the tests cannot run without and a machine may lack, such as Kafka. Without it they are skipped, unless CI=true. */
  needs: string | undefined;
}

/** What jest tells of a run, as far as it is asked here. */
export interface RunResults {
  testResults: {
    testFilePath: string;
    testResults: { ancestorTitles: string[]; title: string; status: string }[];
  }[];
  /** Rows that are not proved: read by the line that ends a run. */
  unprovenRows?: number;
}

/** Which run it is: whatever narrows it down makes it no proof of every row. */
interface RunSettings {
  rootDir: string;
  testPathPatterns: { isSet(): boolean };
  nonFlagArgs: string[];
  testNamePattern?: string;
  shard?: unknown;
  filter?: string;
  onlyChanged: boolean;
  onlyFailures: boolean;
  findRelatedTests: boolean;
}

export const pageFile = 'docs/security-model.md';
const between = ' › ';
const head = ['promise', 'how it is kept', 'test'];

const cellsOf = (line: string): string[] =>
  line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll('\\|', '|').trim());

const testOf = (text: string): NamedTest => {
  const [file = '', ...titles] = text.split(between);
  if (!/^[\w/.-]+\.(unit|int|e2e)\.spec\.ts$/.test(file) || titles.length === 0 || titles.includes(''))
    throw new Error(`"${text}" is not \`path${between}suite${between}test\``);
  return { file, titles };
};

const rowOf = (line: string): Row => {
  const [promise = '', how = '', test = '', ...more] = cellsOf(line);
  if (promise === '' || how === '' || more.length > 0) throw new Error(`not a row of ${head.join(', ')}: ${line}`);
  const tests = [...test.matchAll(/`([^`]+)`/g)].map(([, text]) => testOf(String(text)));
  if (tests.length === 0) throw new Error(`"${promise}" names no test`);
  return { promise, tests, needs: /\(needs ([^)]+)\)$/.exec(test)?.[1] };
};

/**
 * The rows of all tables of the page.
 * @throws Error where a table has other columns, a row names no test, or two rows make the same promise
 */
export const rowsOf = (page: string): Row[] => {
  const rows: Row[] = [];
  let columns: string[] | undefined;
  for (const line of page.split('\n').map((each) => each.trim())) {
    if (!line.startsWith('|')) columns = undefined;
    else if (!columns) {
      columns = cellsOf(line);
      if (columns.join() !== head.join())
        throw new Error(`a table with other columns than ${head.join(', ')}: ${line}`);
    } else if (!/^\|[\s:|-]+\|$/.test(line)) {
      const row = rowOf(line);
      if (rows.some(({ promise }) => promise === row.promise)) throw new Error(`"${row.promise}" is there twice`);
      rows.push(row);
    }
  }
  if (rows.length === 0) throw new Error('the page has no row');
  return rows;
};

const nameOf = ({ file, titles }: NamedTest): string => [file, ...titles].join(between);

/** What a title of the source is once its table or template has filled it in: `%s`, `$name` and `${...}` stand for anything. */
const patternOf = ({ titles }: NamedTest): RegExp => {
  const literal = titles.join(between).split(/%[sdifjop#]|\$\{[^}]*\}|\$#|\$[a-zA-Z_][\w.]*/);
  return new RegExp(`^${literal.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's');
};

type Verdict = 'passed' | 'failed' | 'skipped' | 'absent';

/** How a test ended; of one that a table multiplies, the worst. */
const verdictOf = (test: NamedTest, results: RunResults, root: string): Verdict => {
  const pattern = patternOf(test);
  const statuses = results.testResults
    .filter(({ testFilePath }) => relative(root, testFilePath) === test.file)
    .flatMap(({ testResults }) => testResults)
    .filter(({ ancestorTitles, title }) => pattern.test([...ancestorTitles, title].join(between)))
    .map(({ status }) => status);
  if (statuses.length === 0) return 'absent';
  if (statuses.includes('failed')) return 'failed';
  return statuses.every((status) => status === 'passed') ? 'passed' : 'skipped';
};

/** Whether the spec left out what it has for want of a part, and says so by skipped tests. */
const leftOut = ({ file }: NamedTest, results: RunResults, root: string): boolean => {
  const statuses = results.testResults
    .filter(({ testFilePath }) => relative(root, testFilePath) === file)
    .flatMap(({ testResults }) => testResults.map(({ status }) => status));
  return statuses.includes('pending') && !statuses.includes('failed');
};

const wordsFor = { failed: 'has failed', skipped: 'was skipped', absent: 'did not run: there is no test of that name' };

/** What a whole run has shown: rows without a proof, as lines, and what rows could not be tried for want of. */
export const judge = (
  rows: readonly Row[],
  results: RunResults,
  { root, ci }: { root: string; ci: boolean },
): { problems: string[]; untried: string[] } => {
  const problems: string[] = [];
  const untried: string[] = [];
  for (const { promise, tests, needs } of rows) {
    const open = tests.map((test) => ({ test, verdict: verdictOf(test, results, root) }));
    const bad = open.filter(({ verdict }) => verdict !== 'passed');
    const isExcused = ({ test, verdict }: (typeof bad)[number]): boolean =>
      needs !== undefined && !ci && verdict !== 'failed' && leftOut(test, results, root);
    if (bad.length > 0 && bad.every(isExcused)) untried.push(String(needs));
    else
      problems.push(
        ...bad.map(
          ({ test, verdict }) => `"${promise}": ${nameOf(test)} ${wordsFor[verdict as keyof typeof wordsFor]}`,
        ),
      );
  }
  return { problems, untried };
};

/** Tests that rows name and that are not in the source, as lines. */
export const missingIn = (rows: readonly Row[], root: string): string[] => {
  const sources = new Map<string, string | undefined>();
  const sourceOf = (file: string): string | undefined => {
    if (!sources.has(file)) {
      try {
        sources.set(file, readFileSync(join(root, file), 'utf8').replace(/\\(['"`\\])/g, '$1'));
      } catch {
        sources.set(file, undefined);
      }
    }
    return sources.get(file);
  };
  return rows.flatMap(({ promise, tests }) =>
    tests.flatMap((test) => {
      const source = sourceOf(test.file);
      if (source === undefined) return [`"${promise}": there is no ${test.file}`];
      const absent = test.titles.find((title) => !source.includes(title));
      return absent === undefined ? [] : [`"${promise}": ${test.file} has no "${absent}"`];
    }),
  );
};

const isWhole = (run: RunSettings): boolean =>
  !run.testPathPatterns.isSet() &&
  run.nonFlagArgs.length === 0 &&
  [run.testNamePattern, run.shard, run.filter].every((each) => each === undefined || each === '') &&
  !run.onlyChanged &&
  !run.onlyFailures &&
  !run.findRelatedTests;

/**
 * Fails a run in which a row of docs/security-model.md is not proved: a whole run, where a test that it names did not pass in it; any
 * other, where there is no such test.
 */
export default class SecurityModel {
  readonly #run: RunSettings;
  #error: Error | undefined;

  constructor(run: RunSettings) {
    this.#run = run;
  }

  onRunComplete(_contexts: unknown, results: RunResults): void {
    const { problems, line } = this.#look(results);
    results.unprovenRows = problems.length;
    if (problems.length > 0) this.#error = new Error(`${pageFile}: ${problems.join('; ')}`);
    const lines = [...problems.map((problem) => `${pageFile}: ${problem}`), ...(line === undefined ? [] : [line])];
    // Below jest's own summary, which comes after the last reporter.
    if (lines.length > 0) process.once('exit', () => writeSync(1, `${lines.join('\n')}\n`));
  }

  /** Jest asks after the run; an error fails it. */
  getLastError(): Error | undefined {
    return this.#error;
  }

  #look(results: RunResults): { problems: string[]; line?: string } {
    const root = this.#run.rootDir;
    try {
      const rows = rowsOf(readFileSync(join(root, pageFile), 'utf8'));
      if (!isWhole(this.#run)) return { problems: missingIn(rows, root) };
      const { problems, untried } = judge(rows, results, { root, ci: process.env.CI === 'true' });
      if (problems.length > 0) return { problems };
      const proved = `${pageFile}: ${rows.length - untried.length} promises proved by tests that passed in this run`;
      const rest = `; ${untried.length} not tried here, for want of ${[...new Set(untried)].join(' and ')}`;
      return { problems, line: untried.length > 0 ? `${proved}${rest}` : proved };
    } catch (error) {
      return { problems: [error instanceof Error ? error.message : String(error)] };
    }
  }
}
