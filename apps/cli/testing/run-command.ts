import type { Command } from 'commander';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

class Ended extends Error {
  constructor(readonly code: number) {
    super(`exit ${code}`);
  }
}

/** Runs a command as the command line would, and catches what it prints and how it ends. */
export const runCommand = async (command: Command, args: readonly string[]): Promise<Ran> => {
  const ran: Ran = { code: 0, out: '', err: '' };
  const { log, error } = console;
  const exit = process.exit.bind(process);
  const write = process.stderr.write.bind(process.stderr);
  console.log = (line: string) => void (ran.out += `${line}\n`);
  console.error = (line: string) => void (ran.err += `${line}\n`);
  process.stderr.write = (text: string | Uint8Array) => {
    ran.err += String(text);
    return true;
  };
  process.exit = (code) => {
    throw new Ended(Number(code));
  };
  process.exitCode = undefined;
  try {
    await command.parseAsync(args, { from: 'user' });
    return { ...ran, code: Number(process.exitCode ?? 0) };
  } catch (thrown) {
    if (thrown instanceof Ended) return { ...ran, code: thrown.code };
    throw thrown;
  } finally {
    process.exitCode = undefined;
    process.exit = exit;
    process.stderr.write = write;
    console.log = log;
    console.error = error;
  }
};
