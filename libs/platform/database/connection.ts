import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

import { ConfigurationError } from '../configuration/index.js';

/** What says in a connection string how TLS is used. pg would let each of them replace the whole of `ssl`. */
const tlsParameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'ssl', 'sslnegotiation', 'uselibpqcompat'];

export interface DatabaseConnection {
  connectionString: string;
  /** Absent where pg is to read it out of the connection string. */
  ssl?: Pick<ConnectionOptions, 'minVersion' | 'rejectUnauthorized' | 'ca' | 'cert' | 'key'>;
}

/**
 * What pg.Client and pg.Pool are given for `url`. With `sslmode=verify-full` the server has to speak TLS 1.3 and show a certificate of
 * its own name, signed by an authority of the file that `sslrootcert` names, else by one that the system trusts; `sslcert` and `sslkey`
 * are shown to it. Anything else is left to pg, and production has no use for it. Throws ConfigurationError for a file that cannot be read.
 */
export const databaseConnection = (url: string): DatabaseConnection => {
  if (!isVerified(url)) return { connectionString: url };
  const plain = new URL(url);
  const file = (name: string) => plain.searchParams.get(name) ?? '';
  const rootcert = file('sslrootcert');
  const pems = {
    ca: rootcert === 'system' ? undefined : pemOf(rootcert, 'sslrootcert'),
    cert: pemOf(file('sslcert'), 'sslcert'),
    key: pemOf(file('sslkey'), 'sslkey'),
  };
  for (const name of tlsParameters) plain.searchParams.delete(name);
  // pg itself names the server: its host where that is a name, and the address to compare with where it is one.
  return {
    connectionString: plain.href,
    ssl: { minVersion: 'TLSv1.3', rejectUnauthorized: true, ...present(pems) },
  };
};

const isVerified = (url: string): boolean => {
  try {
    return new URL(url).searchParams.get('sslmode') === 'verify-full';
  } catch {
    return false; // such as one without a host, which pg understands
  }
};

const pemOf = (file: string, name: string): string | undefined => {
  if (file === '') return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError(
      `DATABASE_URL: ${name} must name a PEM file that can be read: ${(error as Error).message}`,
    );
  }
};

/** Without what is undefined: an option that is there and says nothing is one that was set to nothing. */
const present = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
