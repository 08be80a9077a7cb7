/**
 * A step of the preparation of a database that failed. `message` is one line: the step, what Postgres or the network said,
 * and the SQLSTATE; `cause` is what was caught.
 */
export class MigrationFailed extends Error {
  /** five characters of Appendix A of Postgres's manual, such as 42501 (insufficient privilege), when Postgres raised it */
  readonly sqlState: string | undefined;

  constructor(step: string, cause: unknown) {
    const { message, code } = cause as Error & { code?: unknown };
    const known = typeof code === 'string' ? code : undefined;
    const sqlState = known !== undefined && /^[0-9A-Z]{5}$/.test(known) ? known : undefined;
    const said = message.replace(/\s+/g, ' ').trim();
    super(
      `${step} failed: ${said === '' ? (known ?? 'no reason given') : said}${sqlState === undefined ? '' : ` (SQLSTATE ${sqlState})`}`,
      { cause },
    );
    this.sqlState = sqlState;
  }
}

/** The login roles exist, with passwords that are not ours. Nothing has been changed. */
export class ForeignRolePasswords extends Error {}

/** Does `work`; what it throws becomes a MigrationFailed of this step, unless it is one already, or ForeignRolePasswords. */
export const inStep = async <T>(step: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MigrationFailed || error instanceof ForeignRolePasswords) throw error;
    throw new MigrationFailed(step, error);
  }
};
