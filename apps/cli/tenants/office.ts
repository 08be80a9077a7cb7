import type {
  AddTenantHandler,
  CommandContext,
  ReinstateTenantHandler,
  SuspendTenantHandler,
  TenantAnswer,
  TenantRow,
} from '#command-handling';
import { platformTenantId } from '#access/tenancy';
import { Refusal } from '#domain';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { UsageError } from '../usage.js';

/** A tenant as the command line shows it. Times are RFC 3339 in UTC. */
export interface ShownTenant {
  id: string;
  name: string;
  status: 'active' | 'suspended';
  createdAt: string;
  suspendedAt: string | null;
}

/** What can be done about tenants, by the handlers of the api. */
export interface TenantsOffice {
  /** Throws a Refusal for a name or an id that will not do. */
  add(name: string, id: string | undefined): Promise<ShownTenant & { existing: boolean }>;
  suspend(id: string, reason: string): Promise<ShownTenant>;
  reinstate(id: string, reason: string): Promise<ShownTenant>;
  /** All of them, newest first. */
  list(): AsyncIterable<ShownTenant>;
}

const pageSize = 500;

/** Works as the operator (billing_operator). What is refused is told as what the caller has to write differently. */
export const withTenants = async (
  environment: NodeJS.ProcessEnv,
  work: (office: TenantsOffice) => Promise<void>,
): Promise<void> => {
  const pool = openOperator(environment, 'billing_operator', { max: 2 });
  try {
    await work(await openOffice(pool));
  } catch (error) {
    if (error instanceof Refusal) throw new UsageError(error.message);
    throw error;
  } finally {
    await pool.end();
  }
};

const openOffice = async (pool: Pool): Promise<TenantsOffice> => {
  // Not before it is needed: it brings Nest, which every other command would wait for.
  const handling = await import('#command-handling');
  const rows = new handling.Tenants(pool);
  const executor = new handling.CommandExecutor({
    shards: new TenantShards(pool),
    reader: new StreamReader(pool),
    batcher: new Batcher(appendOver(pool)),
    tail: { next: () => Promise.resolve(undefined) }, // nothing about a tenant waits for the processor
  });
  const pipe = handling.validation();
  const judged = async <T extends object>(metatype: new () => T, body: object): Promise<T> =>
    (await pipe.transform(body, { type: 'body', metatype })) as T;
  const adding: AddTenantHandler = new handling.AddTenantHandler(executor, rows);
  const suspending: SuspendTenantHandler = new handling.SuspendTenantHandler(executor, rows);
  const reinstating: ReinstateTenantHandler = new handling.ReinstateTenantHandler(executor, rows);
  return {
    add: async (name, id) => {
      const body = await judged(handling.AddTenantDto, { name, ...(id !== undefined && { id }) });
      const answer = await adding.execute(new handling.AddTenantCommand(contextNow(), body));
      return { ...answered(answer), existing: answer.existing };
    },
    suspend: async (id, reason) => {
      const body = await judged(handling.TenantReasonDto, { reason });
      return answered(await suspending.execute(new handling.SuspendTenantCommand(contextNow(), id, body)));
    },
    reinstate: async (id, reason) => {
      const body = await judged(handling.TenantReasonDto, { reason });
      return answered(await reinstating.execute(new handling.ReinstateTenantCommand(contextNow(), id, body)));
    },
    async *list() {
      let page: TenantRow[] = [];
      do {
        page = await rows.page(pageSize, page.at(-1));
        yield* page.map(shown);
      } while (page.length === pageSize);
    },
  };
};

/** Each call is a command of its own: who calls twice finds the second time that nothing is left to change. */
const contextNow = (): CommandContext => ({
  tenantId: platformTenantId,
  actor: { type: 'system', subject: 'operator' },
  commandId: randomUUID(),
  fingerprint: randomBytes(32),
  at: new Date().toISOString(),
  waitMs: 0,
});

const answered = ({ tenant, state: { suspendedAt } }: TenantAnswer): ShownTenant =>
  shown({ ...tenant, suspendedAt: suspendedAt ?? null });

const shown = ({ id, name, createdAt, suspendedAt }: TenantRow): ShownTenant => ({
  id,
  name,
  status: suspendedAt === null ? 'active' : 'suspended',
  createdAt: toMilliseconds(createdAt),
  suspendedAt: suspendedAt === null ? null : toMilliseconds(suspendedAt),
});

const toMilliseconds = (instant: string): string => new Date(instant).toISOString();
