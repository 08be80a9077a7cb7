/** gitleaks, which nobody here wrote, looks for secrets in the history, in the sources and in what is built of them. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const howToInstall = 'go install github.com/zricethezav/gitleaks/v8@v8.30.1';
const endMs = 180_000;
const config = resolve('.gitleaks.toml');
/** What it ends with where it has found something. */
const hasFound = 7;

interface Finding {
  RuleID: string;
  File: string;
  StartLine: number;
}

const run = (program: string, args: readonly string[], cwd = '.'): Promise<{ code: number | string; out: string }> =>
  new Promise((done) => {
    execFile(program, args, { cwd, timeout: endMs, maxBuffer: 16_777_216 }, (error, out) => {
      done({ code: error ? (error.code ?? 1) : 0, out });
    });
  });

const installed = (await run('gitleaks', ['version'])).code !== 'ENOENT';
const absent = `gitleaks is not on PATH; install it with: ${howToInstall}`;
const skipped = !installed && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${absent}\n`);

/** Where it finds something, without the secret itself: `git` looks through a history, `dir` through files. */
const findingsOf = async (what: 'git' | 'dir', place: string): Promise<string[]> => {
  const options = ['--config', config, '--no-banner', '--redact', '--exit-code', String(hasFound)];
  const { code, out } = await run('gitleaks', [
    what,
    ...options,
    '--report-format',
    'json',
    '--report-path',
    '-',
    place,
  ]);
  if (code !== 0 && code !== hasFound) throw new Error(`gitleaks ended with ${code}`);
  const findings = (JSON.parse(out || '[]') as Finding[]).map(
    (each) => `${each.RuleID} in ${each.File}:${each.StartLine}`,
  );
  expect(findings.length > 0).toBe(code === hasFound);
  return findings;
};

(skipped ? describe.skip : describe)('gitleaks', () => {
  beforeAll(() => {
    if (!installed) throw new Error(absent);
  });

  it(
    'finds no secret in the history, in the sources and in what is built',
    async () => {
      const history = existsSync('.git') ? findingsOf('git', '.') : Promise.resolve([]);
      expect(await Promise.all([history, findingsOf('dir', '.')])).toEqual([[], []]);
    },
    endMs,
  );

  it('would find one: in a commit that a later one took back, in a source, in what is built, even in a file where another may stand', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'billing-leak-'));
    try {
      const git = (...args: string[]) =>
        run(
          'git',
          ['-c', 'user.name=spec', '-c', 'user.email=spec@example.com', '-c', 'commit.gpgsign=false', ...args],
          folder,
        );
      const key = `sk_live_51${randomBytes(24).toString('hex')}`;
      const leak = `export const client = new Stripe('${key}');\n`;
      const files = ['libs/client.ts', 'dist/libs/client.js', 'libs/domain/tenant/tenant.unit.spec.ts'];
      for (const file of files) {
        await mkdir(join(folder, file, '..'), { recursive: true });
        await writeFile(join(folder, file), leak);
      }
      const found = files.map((file) => expect.stringContaining(file) as string);
      const inFiles = await findingsOf('dir', folder);
      expect(inFiles.sort()).toEqual(expect.arrayContaining(found));
      await git('init', '--quiet');
      await git('add', files[0] ?? '');
      await git('commit', '--quiet', '--message', 'a secret');
      await git('rm', '--quiet', files[0] ?? '');
      await git('commit', '--quiet', '--message', 'taken back');
      expect(await findingsOf('git', folder)).toEqual(found.slice(0, 1));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is told nothing to leave out without a reason, a rule, a file and a value', async () => {
    const [, everywhere = '', ...allowances] = (await readFile(config, 'utf8')).split('[[allowlists]]');
    expect(everywhere).not.toMatch(/regexes|targetRules/);
    expect(allowances.length).toBeGreaterThan(0);
    for (const allowance of allowances)
      for (const part of [
        /^description = ".{20,}"$/m,
        /^targetRules = \["[\w-]+"\]$/m,
        /^condition = "AND"$/m,
        /^paths = \[/m,
        /^regexes = \['''/m,
      ])
        expect(allowance).toMatch(part);
  });
});
