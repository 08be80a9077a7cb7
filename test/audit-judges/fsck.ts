/** Tessera's fsck, which nobody here wrote: whether it is there, and its word. */
import { execFile } from 'node:child_process';

const howToInstall = 'go install github.com/transparency-dev/tessera/cmd/fsck@v1.0.4';
const END_MS = 10_000;

const run = (args: readonly string[], timeout: number): Promise<{ missing: boolean; stderr: string }> =>
  new Promise((resolve) => {
    execFile('fsck', args, { timeout }, (error, _, stderr) => {
      resolve({ missing: error?.code === 'ENOENT', stderr });
    });
  });

/** Whether it is on PATH. fsck of util-linux has the same name: ours knows this flag. */
export const fsckIsHere = async (): Promise<boolean> => {
  const { missing, stderr } = await run(['--help'], END_MS);
  return !missing && stderr.includes('storage_url');
};

export const fsckIsAbsent = `Tessera's fsck is not on PATH; install it with: ${howToInstall}`;

/** Workers that compare: where they are fewer than what differs, this version waits for ever. */
const workers = '16';

/** What it says of the log in `directory`. This version ends with 0 when it fails as well: its word counts. */
export const fsckAccepts = async (directory: string, vkeyFile: string, timeoutMs = END_MS): Promise<boolean> => {
  const flags = [`--storage_url=file://${directory}/`, `--public_key=${vkeyFile}`, '--ui=false', '-N', workers];
  return (await run(flags, timeoutMs)).stderr.includes("Successfully fsck'd");
};
