import type { Environment, KeyManagement } from '#keys';
import { KeyManagementUnavailable, openKeyManagement } from '#keys';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { operatorConfiguration } from '../operator/configuration.js';
import { UsageError } from '../usage.js';

/** Where keys are stored, and what wraps them. */
export interface KeyRoom {
  environment: Environment;
  /** After how many days a key is replaced. */
  lifeDays: number;
  /** Acts as the owner of the tables. */
  pool: Pool;
  /** Opens the key management, which only making and wrapping keys needs. */
  openKms: () => Promise<KeyManagement>;
}

/** Works on the keys of the environment that the settings name. Throws ConfigurationError for a wrong setting. */
export const withKeyRoom = async (given: NodeJS.ProcessEnv, work: (room: KeyRoom) => Promise<void>): Promise<void> => {
  const { environment, kms, keyRotationDays: lifeDays } = operatorConfiguration(given);
  const pool = openOperator(given, 'billing_owner', { max: 8 });
  try {
    await work({ environment, lifeDays, pool, openKms: () => openKeyManagement(kms, environment) });
  } catch (error) {
    if (error instanceof KeyManagementUnavailable)
      throw new Error(`${error.message}; what was done stays done, and the same command goes on`, { cause: error });
    throw error;
  } finally {
    await pool.end();
  }
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The id of a tenant that was named. Throws UsageError where there is no such tenant. */
export const knownTenant = async (pool: Pool, named: string): Promise<string> => {
  const tenantId = named.toLowerCase();
  if (!uuid.test(tenantId)) throw new UsageError('--tenant is the id of a tenant, a UUID');
  const { rowCount } = await pool.query('select from billing.tenant where id = $1', [tenantId]);
  if (rowCount === 0) throw new UsageError(`there is no tenant ${tenantId}; billing tenants list shows them`);
  return tenantId;
};
