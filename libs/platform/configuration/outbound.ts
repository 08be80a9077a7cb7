import { ConfigurationError } from './configuration-error.js';

/**
 * What production asks of connections that go out: each verifies whom it reaches. Throws ConfigurationError for a database that is reached
 * in any other way, and where Node has been told to believe every certificate.
 */
export const refuseUnverifiedConnections = (environment: NodeJS.ProcessEnv): void => {
  if (environment.NODE_TLS_REJECT_UNAUTHORIZED === '0')
    throw new ConfigurationError('NODE_TLS_REJECT_UNAUTHORIZED must not be 0 in production: it believes everybody');
  if (!isVerified(environment.DATABASE_URL ?? ''))
    throw new ConfigurationError(
      'DATABASE_URL must say sslmode=verify-full in production, once, and name its host; sslrootcert=FILE names your own authority',
    );
};

const isVerified = (databaseUrl: string): boolean => {
  try {
    const { hostname, searchParams } = new URL(databaseUrl);
    const modes = searchParams.getAll('sslmode');
    // `host` would go before the host that is seen, and may be a socket, over which there is no TLS.
    return hostname !== '' && modes.length === 1 && modes[0] === 'verify-full' && !searchParams.has('host');
  } catch {
    return false;
  }
};
