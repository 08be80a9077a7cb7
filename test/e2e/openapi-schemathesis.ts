import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const command = 'schemathesis';

/** Requests that are made up for each operation at most; the long run has more. */
const examples = Number(process.env.EXAMPLES ?? 4);

/**
 * What it does: the examples of the document, then requests that it makes up. The long run also goes through every constraint of every
 * parameter, one after the other, and through what follows from answers.
 */
const phases = process.env.EXAMPLES === undefined ? 'examples,fuzzing' : 'examples,coverage,fuzzing,stateful';

/** How long all of it may take. */
export const limitMs = 180_000 + examples * 6_000;

/** Whether Schemathesis is on PATH. */
export const schemathesisInstalled = async (): Promise<boolean> => (await run(['--version'], tmpdir())).code === 0;

/**
 * Checks the api at `url` against its own document, with a fixed seed and a fixed number of requests. `ids` are ids that exist, by path
 * of the document. Gives the exit code, 0 when nothing was found, and what it printed.
 */
export const schemathesis = async (
  url: string,
  token: string,
  tenantId: string,
  ids: Record<string, string>,
): Promise<{ code: number; report: string }> => {
  const directory = await mkdtemp(join(tmpdir(), 'billing-openapi-'));
  try {
    await writeFile(join(directory, 'schemathesis.toml'), configurationOf(tenantId, ids));
    return await run(
      [
        'run',
        `${url}/openapi.json`,
        ...['--header', `Authorization: Bearer ${token}`],
        ...['--phases', phases, '--checks', 'all', '--exclude-checks', notAsked.join(',')],
        ...['--seed', '1', '--max-examples', String(examples), '--request-timeout', '10', '--no-color'],
      ],
      directory,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
};

/**
 * positive_data_acceptance: a schema cannot say that a cursor must be one that a list gave out, a position one that exists, an amount
 * one that the currency has, a key one that was not used; such requests are refused by design.
 */
const notAsked = ['positive_data_acceptance'];

/** What a request that the schema forbids may be refused with: what Schemathesis takes by itself, and too long a URL (414) or headers (431). */
const refusals = [
  '400',
  '401',
  '403',
  '404',
  '405',
  '406',
  '409',
  '413',
  '414',
  '415',
  '422',
  '428',
  '429',
  '431',
  '5xx',
];

/**
 * Headers whose good values no schema can tell are fixed, so that requests get further than those: waiting for a processor that is
 * not there would only cost time, another tenant than the token's is refused, and a position must exist.
 */
const configurationOf = (tenantId: string, ids: Record<string, string>): string => {
  const headers = `Prefer = "wait=0", Billing-Tenant = "${tenantId}", Billing-Min-Position = "0:0"`;
  return [
    `parameters = { ${headers} }`,
    '[checks.negative_data_rejection]',
    `expected-statuses = [${refusals.map((status) => `"${status}"`).join(', ')}]`,
    ...Object.entries(ids).flatMap(([path, id]) => [
      '[[operations]]',
      `include-path = "${path}"`,
      `parameters = { "path.id" = "${id}", ${headers} }`,
    ]),
  ].join('\n');
};

const run = (args: string[], directory: string): Promise<{ code: number; report: string }> =>
  new Promise((resolve) => {
    execFile(
      command,
      args,
      { cwd: directory, maxBuffer: 64 * 1_024 * 1_024, timeout: limitMs },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, report: `${stdout}${stderr}` });
      },
    );
  });
