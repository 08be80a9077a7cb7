import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

import { ConfigurationError } from '#platform/configuration';

/**
 * An app for the specs of the supervisor, on PORT: `/who` tells its database role and which credentials it was given,
 * `/slow/MS` says that it has begun and takes as long as it says, `/crash` ends the process. With SPEC_REFUSE set it refuses to start, with
 * SPEC_TELL_CLOSE it says when it is closed.
 */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  if (environment.SPEC_REFUSE) throw new ConfigurationError('SPEC_REFUSE must not be set');
  const pool = new pg.Pool({ connectionString: environment.DATABASE_URL, max: 1 });
  pool.on('error', () => undefined);
  const who = async (): Promise<string> => {
    const { rows } = await pool.query<{ role: string }>('select current_user as role');
    const inherited = Object.keys(process.env).filter((name) => name === 'DATABASE_URL' || name === 'STRIPE_API_KEY');
    return JSON.stringify({ role: rows[0]?.role, key: environment.STRIPE_API_KEY, inherited, pid: process.pid });
  };
  const server = createServer((request, response) => {
    if (request.url === '/crash') process.exit(3);
    const [, slow_ms] = /^\/slow\/(\d+)$/.exec(request.url ?? '') ?? [];
    if (slow_ms !== undefined) console.log('slow request begun');
    const answer = slow_ms === undefined ? who() : sleep(Number(slow_ms)).then(() => 'drained');
    answer.then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(Number(environment.PORT), '127.0.0.1');
  await once(server, 'listening');
  return {
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
      await pool.end();
      if (environment.SPEC_TELL_CLOSE) console.log('web app closed');
    },
  };
};
