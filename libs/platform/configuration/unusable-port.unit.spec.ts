import { once } from 'node:events';
import { createServer } from 'node:net';

import { ConfigurationError } from './configuration-error.js';
import { unusablePort } from './unusable-port.js';

/** Why nobody can listen there. */
const errorAt = async (host: string): Promise<unknown> => {
  const server = createServer().listen({ port: 0, host });
  return once(server, 'listening').catch((error: unknown) => error);
};

describe('a port that cannot be listened on', () => {
  it.each(['nowhere.invalid', '192.0.2.1'])('is a wrong setting where its host is %s', async (host) => {
    const said = unusablePort('PORT', 3_000, await errorAt(host));
    expect(said).toBeInstanceOf(ConfigurationError);
    expect((said as Error).message).toContain('PORT 3000 cannot be used: ');
    expect((said as Error).message).toContain(host);
  });

  it('is none of the setting where the name could not be asked for just now, or something else went wrong', () => {
    const away = Object.assign(new Error('getaddrinfo EAI_AGAIN db'), { syscall: 'getaddrinfo', code: 'EAI_AGAIN' });
    for (const error of [away, new Error('no')]) expect(unusablePort('PORT', 3_000, error)).toBe(error);
  });
});
