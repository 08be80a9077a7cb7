/**
 * Wycheproof, the test vectors of known attacks on cryptography (C2SP, once Google's): a Go module, which Go fetches once, checks
 * against its checksum database and keeps.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const module = 'github.com/c2sp/wycheproof@v0.0.0-20260902155932-3fa63dd0344a';
const run = promisify(execFile);
const timeoutMs = 60_000;

/** What to do where `wycheproofFolder` finds nothing. */
export const wycheproofMissing = `the vectors of Wycheproof are missing; with Go on PATH: go mod download ${module}`;

/** The folder of the vectors, `testvectors_v1`; undefined where there is no Go, or it cannot fetch them. */
export const wycheproofFolder = async (): Promise<string | undefined> => {
  try {
    const { stdout } = await run('go', ['mod', 'download', '-json', module], { cwd: tmpdir(), timeout: timeoutMs });
    const { Dir } = JSON.parse(stdout) as { Dir?: string };
    return Dir && join(Dir, 'testvectors_v1');
  } catch {
    return undefined;
  }
};

/** A file of vectors: groups share a key or parameters, in the form that the file's schema tells. */
export interface VectorFile<Group, Vector> {
  numberOfTests: number;
  testGroups: (Group & { type: string; comment?: string; tests: (Vector & Expectation)[] })[];
}

export interface Expectation {
  tcId: number;
  comment: string;
  /** `acceptable`: an implementation may do either. */
  result: 'valid' | 'invalid' | 'acceptable';
  flags: string[];
}

/** Reads a file such as `aes_gcm_test.json` of the folder. */
export const readVectors = async <Group, Vector>(folder: string, file: string): Promise<VectorFile<Group, Vector>> =>
  JSON.parse(await readFile(join(folder, file), 'utf8')) as VectorFile<Group, Vector>;
