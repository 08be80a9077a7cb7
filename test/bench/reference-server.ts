import { randomUUID } from 'node:crypto';

import fastify from 'fastify';
import pg from 'pg';

/** What the charge is compared with: bare Fastify, one INSERT a request, a transaction of its own. Serves until its parent goes. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
await pool.query('create table if not exists plain_charge (id uuid primary key, body jsonb not null)');

const server = fastify();
server.post('/charges', async (request, reply) => {
  const id = randomUUID();
  await pool.query({
    name: 'insert',
    text: 'insert into plain_charge values ($1, $2)',
    values: [id, JSON.stringify(request.body)],
  });
  return reply.code(201).send({ id, status: 'succeeded' });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url: await server.listen({ port: 0, host: '127.0.0.1' }) });
