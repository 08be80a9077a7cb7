import type { Command } from 'commander';

/** The exit code of a program that was called wrongly: EX_USAGE of sysexits.h. */
export const exitUsage = 64;

/** Raised for what the caller of a command has to write differently. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** A command that ends with 64 and one line for what was called wrongly, be it found by the command line's parser or by its action. */
export const refusingUsage = (command: Command): Command =>
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitUsage));

/** Runs the work of `command`; a UsageError ends the process with 64. */
export const orUsage = async (command: Command, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    command.error(`error: ${error.message}`, { exitCode: exitUsage });
  }
};
