/** Tessera's fsck, which nobody here wrote, reads a whole log that libs/audit wrote. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signerOf } from '../../libs/audit/testing/keys.js';
import { fsckAccepts, fsckIsAbsent, fsckIsHere } from './fsck.js';
import type { Published } from './published.js';
import { publish } from './published.js';

const installed = await fsckIsHere();
const skipped = !installed && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${fsckIsAbsent}\n`);

const verdict = ({ directory, vkeyFile }: Published): Promise<boolean> => fsckAccepts(directory, vkeyFile);

(skipped ? describe.skip : describe)("Tessera's fsck", () => {
  let log: Published;
  beforeAll(async () => {
    if (!installed) throw new Error(fsckIsAbsent);
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
