import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { installClient, packClient, tsc } from './testing/package.js';

const run = promisify(execFile);

/** What a service writes, against the package alone. */
const program = `
import type { EventOf } from '@billing-service/client';
import { BillingClient, BillingError } from '@billing-service/client';
import { generateKeyPairSync } from 'node:crypto';

const { privateKey } = generateKeyPairSync('ed25519');
const client = new BillingClient({
  kafka: { brokers: ['127.0.0.1:9'] },
  http: { url: 'http://127.0.0.1:9', token: () => Promise.resolve('t') },
  producer: { name: 'shop', privateKey },
});
const amounts = async (): Promise<number> => {
  let total = 0;
  for await (const event of client.events({ types: ['PaymentCaptured', 'PaymentFailed'], patienceMs: 0 }))
    if (event.type === 'PaymentCaptured') total += event.data.amount;
  return total;
};
const failureOf = ({ data }: EventOf<'PaymentFailed'>): string => data.code;
const codes: string[] = [typeof failureOf];
const note = (error: unknown): void => void codes.push(error instanceof BillingError ? error.code : String(error));
await amounts().catch(note);
// @ts-expect-error a payment has a currency
await client.send({ type: 'CreatePayment', tenantId: 'x', body: { amount: 1, customerId: 'x' } }).catch(note);
await client.close();
console.log(codes.join(' '));
`;
const compilerOptions = {
  ...{ target: 'es2024', lib: ['es2024'], module: 'nodenext', strict: true, types: ['node'] },
  // As an outsider has it: no conditions of ours.
  ...{ customConditions: [], skipLibCheck: false, noUncheckedIndexedAccess: true },
};

describe('the package of the client', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billing-client-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is built, packed and installed into an empty project, where it compiles and runs on plain Node', async () => {
    const [built, project] = [join(folder, 'built'), join(folder, 'project')];
    const { tarball, paths } = await packClient(built);
    expect(paths).toEqual(
      expect.arrayContaining(['LICENSE', 'README.md', 'dist/client/index.js', 'dist/client/index.d.ts']),
    );
    const isExpected = /^(LICENSE|README\.md|package\.json|dist\/(client|contracts)\/[\w/-]+(\.d\.ts|\.js))$/;
    expect(paths.filter((path) => path.includes('spec') || !isExpected.test(path))).toEqual([]);

    await installClient(tarball, project, ['@types/node', 'undici-types']);
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts'] }));
    await writeFile(join(project, 'main.ts'), program);
    await run(process.execPath, [tsc, '-p', project]).catch((error: { stdout?: string }) => {
      throw new Error(error.stdout);
    });
    const { stdout } = await run(process.execPath, ['main.js'], { cwd: project });
    expect(stdout.trim()).toBe('function http_unavailable invalid_command');
  }, 120_000);
});
