import { DevelopmentIssuer } from '#access';
import type { DevelopmentToken } from '#access';
import { developmentIssuer } from '#platform/configuration';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { start } from '../main.js';
import type { Call, Reply } from './call.js';
import { callOver } from './call.js';
import { ProcessorStandIn } from './processor-stand-in.js';
import { keepReadModels } from './read-models.js';

/** The real api on a database of its own, with its role; no gateway beside it, and read models only where asked for. */
export interface RunningApi {
  url: string;
  dataDirectory: string;
  database: TestDatabase;
  issuer: DevelopmentIssuer;
  /** Speaks for the gateway, where a spec needs an outcome. */
  processor: ProcessorStandIn;
  /** Resolves once the read models have everything that was written. */
  caughtUp(): Promise<void>;
  tokenFor(token?: Partial<DevelopmentToken>): Promise<string>;
  /** Adds a tenant with a token that may do everything, and gives what calls as it. */
  tenant(): Promise<TestTenant>;
  /** Everything that a command could have written, counted over all tenants; the access log, which denials write, is not. */
  written(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

/** One tenant's way to the api. */
export interface TestTenant {
  id: string;
  token: string;
  call: Call;
  /** POST with a fresh key, `Prefer: wait=0` and what `headers` adds or replaces. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
}

export const audience = 'billing-service';

export interface StartOptions {
  readModels?: boolean;
  /** Gives the connection string that the api is to use instead of the database's own, such as a proxy's. */
  by?: (databaseUrl: string) => Promise<string>;
  /** Adds to its settings. */
  settings?: NodeJS.ProcessEnv;
}

/** Starts `count` apis on one database, as several processes would share it. */
export const startApis = async (
  count: number,
  { readModels = false, by, settings }: StartOptions = {},
): Promise<RunningApi[]> => {
  const database = await createTestDatabase();
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billing-api-'));
  const databaseUrl = database.url('billing_api');
  const environment = {
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: dataDirectory,
    DATABASE_URL: (await by?.(databaseUrl)) ?? databaseUrl,
    PORT: '0',
    LOG_LEVEL: 'silent',
    STRIPE_PUBLISHABLE_KEY: 'pk_test_sandbox',
    ...settings,
  };
  const apis: Awaited<ReturnType<typeof start>>[] = [];
  for (let at = 0; at < count; at += 1) apis.push(await start(environment));
  const keyPath = join(dataDirectory, 'development-issuer.json');
  const issuer = await DevelopmentIssuer.open({ environment: 'test', keyPath, issuer: developmentIssuer, audience });
  const processor = await ProcessorStandIn.open(database, dataDirectory);
  const kept = readModels ? await keepReadModels(database) : undefined;
  const close = async () => {
    await kept?.close();
    await Promise.all(apis.map((api) => api.close()));
    await database.drop();
    await rm(dataDirectory, { recursive: true });
  };
  return apis.map(({ url }) => {
    const tokenFor = ({ role = 'tenant_admin', ...rest }: Partial<DevelopmentToken> = {}) =>
      issuer.issue({ role, ...rest });
    return {
      url,
      dataDirectory,
      database,
      issuer,
      processor,
      caughtUp: () => kept?.caughtUp() ?? Promise.reject(new Error('no read models are kept here')),
      tokenFor,
      tenant: async () => {
        const id = await database.addTenant();
        return tenantAt(url, id, await tokenFor({ tenantId: id, mfa: true }));
      },
      written: () => countWritten(database),
      close,
    };
  });
};

export const startApi = async (options?: StartOptions): Promise<RunningApi> => {
  const [api] = await startApis(1, options);
  return api as RunningApi;
};

/** What calls the api at `url` as a tenant with a token. */
export const tenantAt = (url: string, id: string, token: string): TestTenant => {
  const call = callOver(url, { authorization: `Bearer ${token}` });
  return {
    id,
    token,
    call,
    post: (path, body, headers = {}) =>
      call('POST', path, { body, headers: { 'idempotency-key': randomUUID(), prefer: 'wait=0', ...headers } }),
    get: (path, headers = {}) => call('GET', path, { headers }),
  };
};

const countWritten = async ({ admin }: TestDatabase): Promise<Record<string, number>> => {
  const { rows } = await admin.query<Record<string, number>>(
    `select (select count(*)::int from billing.event where stream_id not like 'access-%') as events,
      (select count(*)::int from billing.command where stream_id not like 'access-%') as commands,
      (select count(*)::int from billing.stream where stream_id not like 'access-%') as streams, (select count(*)::int from billing.claim) as claims,
      (select count(*)::int from billing.processor_token) as tokens`,
  );
  return rows[0] as Record<string, number>;
};
