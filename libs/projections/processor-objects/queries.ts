import type { Pool } from 'pg';

import type { ProcessorObjectKind } from './model.js';

/** One of our objects that the processor may mean. */
export interface ProcessorObjectCandidate {
  tenantId: string;
  objectId: string;
}

/** Tenants that claim the same object of the processor's: more than one is wrong already. */
const maxCandidates = 10;

const sql = `select tenant_id as "tenantId", object_id as "objectId" from billing.rm_processor_object
  where processor_id = $1 and kind = $2 order by tenant_id, object_id limit ${maxCandidates}`;

/**
 * Which of our objects the processor may mean by its id, over all tenants. `pool` logs in as a role that may look across them. The
 * read model lags behind the log: what it does not have yet may still exist, and what it has must be checked against its stream.
 */
export const findProcessorObjects = async (
  pool: Pool,
  kind: ProcessorObjectKind,
  processorId: string,
): Promise<ProcessorObjectCandidate[]> => {
  const { rows } = await pool.query<ProcessorObjectCandidate>({
    name: 'find_processor_objects',
    text: sql,
    values: [processorId, kind],
  });
  return rows;
};
