import type pg from 'pg';

/**
 * Runs a statement that changes or removes events, as somebody would who owns the database: no role of the service may, and a trigger refuses
 * the owner too, so it stands aside for this one transaction.
 */
export const changeLog = async (admin: pg.Pool, statement: string, values: unknown[] = []): Promise<void> => {
  const client = await admin.connect();
  try {
    await client.query('begin');
    await client.query('alter table billing.event disable trigger append_only');
    await client.query(statement, values);
    await client.query('alter table billing.event enable always trigger append_only');
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
};
