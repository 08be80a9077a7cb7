import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RunningIngest } from './testing/running-ingest.js';
import { eventBody, seconds, signed, startIngest } from './testing/running-ingest.js';

let ingest: RunningIngest;
beforeAll(async () => {
  ingest = await startIngest();
}, 60_000);
afterAll(() => ingest.close());
beforeEach(() => ingest.database.admin.query('delete from billing.webhook_events'));

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it never came to that');
    await sleep(10);
  }
};

describe('a delivery that is not answered, though its event is durable,', () => {
  it('because we died in between, is a duplicate when it comes again, and due all the same', async () => {
    const body = eventBody('evt_died');
    const header = signed(body);
    const heal = ingest.parts.inbox.onStored(() => {
      throw new Error('the process dies here');
    });
    expect((await ingest.deliver(body, header)).status).toBe(500);
    heal();
    expect(await ingest.rows()).toMatchObject([{ event_id: 'evt_died', state: 'received' }]);
    // The very same request, which no cache may take for one that was answered.
    expect((await ingest.deliver(body, header)).json).toEqual({ received: true, duplicate: true });
    const later = new Date(Date.now() + 60_000);
    expect(await ingest.parts.inbox.take(later, 10, later, 1)).toHaveLength(1);
    expect(await ingest.rows()).toHaveLength(1);
  });

  it('because its sender hung up, is a duplicate when it comes again', async () => {
    const body = eventBody('evt_hung_up');
    const { hostname, port } = new URL(ingest.url);
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nStripe-Signature: ${signed(body)}\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        () => socket.destroy(),
      );
    });
    socket.on('error', () => undefined);
    await until(async () => (await ingest.rows()).length === 1);
    const again = signed(body, { t: seconds() - 1 });
    expect((await ingest.deliver(body, again)).json).toEqual({ received: true, duplicate: true });
    expect(await ingest.rows()).toHaveLength(1);
  });
});

describe('while the database', () => {
  it('holds the table back, a delivery waits; nothing is lost', async () => {
    const locker = await ingest.database.admin.connect();
    await locker.query('begin');
    await locker.query('lock table billing.webhook_events in exclusive mode');
    const bodies = Array.from({ length: 20 }, (_, n) => eventBody(`evt_wait_${n}`));
    const replies = bodies.map((body) => ingest.deliver(body, signed(body)));
    await until(async () => {
      const { rows } = await ingest.database.admin.query<{ waiting: number }>(
        `select count(*)::integer as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      );
      return (rows[0]?.waiting ?? 0) > 0;
    });
    await locker.query('commit');
    locker.release();
    for (const reply of replies) expect((await reply).json).toEqual({ received: true });
    expect(await ingest.rows()).toHaveLength(20);
  });

  it('holds it back for long, what waits is bounded: more than 64 MiB of bodies are told to come later', async () => {
    const locker = await ingest.database.admin.connect();
    await locker.query('begin');
    await locker.query('lock table billing.webhook_events in exclusive mode');
    const bodies = Array.from({ length: 70 }, (_, n) => eventBody(`evt_much_${n}`, { note: 'x'.repeat(1_000_000) }));
    const early: number[] = [];
    const replies = bodies.map(async (body) => {
      const { status, json } = await ingest.deliver(body, signed(body));
      early.push(status);
      return { status, code: json.code };
    });
    await until(() => Promise.resolve(early.length >= 3));
    expect(new Set(early)).toEqual(new Set([503]));
    await locker.query('commit');
    locker.release();
    const all = await Promise.all(replies);
    expect(all.filter(({ code }) => code === 'overloaded')).toHaveLength(3);
    expect(all.filter(({ status }) => status === 200)).toHaveLength(67);
    expect(await ingest.rows()).toHaveLength(67);
  }, 30_000);

  it('cancels our statement because it took too long, a delivery is 503, and taken when it comes again', async () => {
    const locker = await ingest.database.admin.connect();
    await locker.query('begin');
    await locker.query('lock table billing.webhook_events in exclusive mode');
    const body = eventBody('evt_canceled');
    const header = signed(body);
    const reply = ingest.deliver(body, header);
    await until(async () => {
      const { rowCount } = await ingest.database.admin.query(
        `select pg_cancel_backend(pid) from pg_stat_activity where usename = 'billing_webhook_ingest'
         and wait_event_type = 'Lock' and datname = current_database()`,
      );
      return (rowCount ?? 0) > 0;
    });
    expect(await reply).toMatchObject({ status: 503, json: { code: 'store_unavailable' } });
    await locker.query('commit');
    locker.release();
    expect((await ingest.deliver(body, header)).json).toEqual({ received: true });
    expect(await ingest.rows()).toHaveLength(1);
  });

  it('ends our connections, a delivery is 503 with Retry-After, and taken when it comes again', async () => {
    const locker = await ingest.database.admin.connect();
    await locker.query('begin');
    await locker.query('lock table billing.webhook_events in exclusive mode');
    const body = eventBody('evt_cut_off');
    const header = signed(body);
    const reply = ingest.deliver(body, header);
    await until(async () => {
      const { rowCount } = await ingest.database.admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'billing_webhook_ingest'
         and wait_event_type = 'Lock' and datname = current_database()`,
      );
      return (rowCount ?? 0) > 0;
    });
    expect(await reply).toMatchObject({ status: 503, json: { code: 'store_unavailable' } });
    expect((await reply).headers.get('retry-after')).toBe('5');
    await locker.query('commit');
    locker.release();
    expect(await ingest.rows()).toEqual([]);
    expect((await ingest.deliver(body, header)).json).toEqual({ received: true });
    expect(await ingest.rows()).toHaveLength(1);
  });

  it('commits an event and its answer is lost, the delivery is 503, and a duplicate when it comes again', async () => {
    const proxy = await proxyToDatabase();
    const deaf = await startIngest({ route: (url) => Object.assign(new URL(url), { port: String(proxy.port) }).href });
    try {
      const body = eventBody('evt_answer_lost');
      const header = signed(body);
      expect((await deaf.deliver(eventBody('evt_warm'), signed(eventBody('evt_warm')))).status).toBe(200);
      proxy.deafen();
      const reply = deaf.deliver(body, header);
      await until(async () => (await deaf.rows()).length === 2);
      await proxy.down();
      await proxy.up();
      expect(await reply).toMatchObject({ status: 503, json: { code: 'store_unavailable' } });
      expect((await deaf.deliver(body, header)).json).toEqual({ received: true, duplicate: true });
      expect(await deaf.rows()).toHaveLength(2);
    } finally {
      await deaf.close();
      await proxy.down();
    }
  }, 30_000);

  it('cannot be reached, it is not ready and deliveries are 503; once it is back they are taken', async () => {
    const proxy = await proxyToDatabase();
    const cut = await startIngest({ route: (url) => Object.assign(new URL(url), { port: String(proxy.port) }).href });
    try {
      await proxy.down();
      const body = eventBody('evt_unreached');
      const header = signed(body);
      const reply = await cut.deliver(body, header);
      expect(reply).toMatchObject({ status: 503, json: { code: 'store_unavailable' } });
      expect(reply.headers.get('retry-after')).toBe('5');
      expect((await fetch(`${cut.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${cut.url}/healthz`)).status).toBe(200);
      expect(await cut.metrics()).toContain('billing_webhook_refusals_total{code="store_unavailable"');
      await proxy.up();
      expect((await cut.deliver(body, header)).json).toEqual({ received: true });
      expect(await cut.rows()).toHaveLength(1);
    } finally {
      await proxy.up();
      await cut.close();
      await proxy.down();
    }
  }, 30_000);
});

interface Proxy {
  port: number;
  /** Hangs up on everybody and listens no more. */
  down(): Promise<void>;
  /** Listens again, on the same port. */
  up(): Promise<void>;
  /** From now on what is sent arrives, and no answer comes back on the connections that there are. */
  deafen(): void;
}

const proxyToDatabase = async (): Promise<Proxy> => {
  const upstream = new URL(process.env.TEST_DATABASE_URL ?? '');
  const sockets = new Set<Socket>();
  const pairs = new Set<[client: Socket, behind: Socket]>();
  const server = createServer((client) => {
    const behind = connect(Number(upstream.port), upstream.hostname);
    pairs.add([client, behind]);
    for (const [from, to] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  const listen = async (on: number): Promise<number> => {
    server.listen(on, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const own = await listen(0);
  return {
    port: own,
    up: async () => {
      if (!server.listening) await listen(own);
    },
    deafen: () => {
      for (const [client, behind] of pairs) behind.unpipe(client).resume();
    },
    down: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};

describe('at the very edge of the tolerance', () => {
  it('300 s is taken and 301 s is not, late or early', async () => {
    const noon = Date.UTC(2026, 10, 21, 12);
    const fixed = await startIngest({ now: () => new Date(noon) });
    try {
      for (const [offset, status] of [
        [-301, 400],
        [-300, 200],
        [300, 200],
        [301, 400],
      ] as const) {
        const body = eventBody(`evt_edge_${offset}`);
        expect((await fixed.deliver(body, signed(body, { t: seconds(noon) + offset }))).status).toBe(status);
      }
      expect((await fixed.rows()).map(({ event_id }) => event_id)).toEqual(['evt_edge_-300', 'evt_edge_300']);
    } finally {
      await fixed.close();
    }
  });
});
