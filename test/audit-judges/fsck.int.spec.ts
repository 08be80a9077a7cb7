/** Tessera's fsck, which nobody here wrote, reads a whole log that libs/audit wrote. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signerOf } from '../../libs/audit/testing/keys.js';
import type { Published } from './published.js';
import { publish } from './published.js';

const howToInstall = 'go install github.com/transparency-dev/tessera/cmd/fsck@v1.0.4';
const END_MS = 10_000;

const run = (args: readonly string[]): Promise<{ missing: boolean; stderr: string }> =>
  new Promise((resolve) => {
    execFile('fsck', args, { timeout: END_MS }, (error, _, stderr) => {
      resolve({ missing: error?.code === 'ENOENT', stderr });
    });
  });

// fsck of util-linux has the same name: ours knows this flag.
const { missing, stderr } = await run(['--help']);
const installed = !missing && stderr.includes('storage_url');
const absent = `Tessera's fsck is not on PATH; install it with: ${howToInstall}`;
const skipped = !installed && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${absent}\n`);

/** Workers that compare: where they are fewer than what differs, this version waits for ever. */
const workers = '16';

/** This version ends with 0 when it fails as well: its word counts. */
const verdict = async ({ directory, vkeyFile }: Published): Promise<boolean> => {
  const said = await run([
    `--storage_url=file://${directory}/`,
    `--public_key=${vkeyFile}`,
    '--ui=false',
    '-N',
    workers,
  ]);
  return said.stderr.includes("Successfully fsck'd");
};

(skipped ? describe.skip : describe)("Tessera's fsck", () => {
  let log: Published;
  beforeAll(async () => {
    if (!installed) throw new Error(absent);
    log = await publish(3_000, signerOf('audit.example.com/billing', 1));
  });
  afterAll(() => log?.remove());

  it('accepts a log of 3,000 leaves that we wrote', async () => {
    expect(await verdict(log)).toBe(true);
  });

  it('and does not once a bit of an entry, a tile or the checkpoint is another', async () => {
    for (const [path, at] of [
      ['tile/entries/007', 40],
      ['tile/0/003', 99],
      ['checkpoint', 30],
    ] as const) {
      const file = join(log.directory, path);
      const bytes = await readFile(file);
      await writeFile(file, bytes.with(at, (bytes[at] ?? 0) ^ 1));
      expect([path, await verdict(log)]).toEqual([path, false]);
      await writeFile(file, bytes);
    }
    expect(await verdict(log)).toBe(true);
  });
});
