import { ConfigurationError } from './configuration-error.js';

/** What the name of a host is looked up with. A name that is not there is a wrong setting, as an address that is not this machine's is. */
const lookup = 'getaddrinfo';

/**
 * What to say where nobody can listen on the port that `setting` asks for: one line that names both and what to do. Gives every error that is
 * not about listening back as it is.
 */
export const unusablePort = (setting: string, port: number, error: unknown): unknown => {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (syscall !== 'listen' && syscall !== 'bind' && !(syscall === lookup && code === 'ENOTFOUND')) return error;
  return new ConfigurationError(
    code === 'EADDRINUSE'
      ? `${setting}: port ${port} is taken: stop what listens there, or set ${setting} to another one`
      : `${setting} ${port} cannot be used: ${message}`,
  );
};
