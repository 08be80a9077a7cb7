/** How a verification ends, as exit codes: 0 all good, 1 something is broken, 2 it could not be told. */
export const exitBroken = 1;
export const exitCouldNotTell = 2;

/** Raised where nothing can be said, neither good nor bad: the log cannot be reached, or not read. */
export class CouldNotTell extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CouldNotTell';
  }
}
