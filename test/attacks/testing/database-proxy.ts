import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** What one connection answers to a question that its owner never asked. */
export interface Found {
  /** `I` between transactions, as it was before the question. */
  transaction: string;
  columns: (string | null)[];
}

/**
 * Stands between a program and its Postgres, and asks questions of its own on the program's very connections while they lie idle: what
 * the next request would find there. Speaks as much of the protocol (version 3, without TLS) as that takes.
 */
export class DatabaseProxy {
  readonly #links = new Set<Link>();

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    /** The connection string of the database, by way of the proxy. */
    readonly url: string,
  ) {}

  static async before(databaseUrl: string): Promise<DatabaseProxy> {
    const target = new URL(databaseUrl);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const url = new URL(databaseUrl);
    url.hostname = '127.0.0.1';
    url.port = String(typeof address === 'object' ? address?.port : '');
    const proxy = new DatabaseProxy(server, url.href);
    server.on('connection', (client) => {
      const link = new Link(client, connect(Number(target.port || '5432'), target.hostname));
      proxy.#links.add(link);
      client.on('close', () => proxy.#links.delete(link));
    });
    return proxy;
  }

  /**
   * Asks every connection that is open, each as soon as it lies idle; one that is closed meanwhile has nothing to say. A question that
   * is not answered in 5 seconds throws.
   */
  async ask(sql: string): Promise<Found[]> {
    const found = await Promise.all([...this.#links].map((link) => link.ask(sql)));
    return found.filter((each) => each !== undefined);
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const readyForQuery = 'Z';
const dataRow = 'D';
/** Other messages that answer a statement. */
const answers = new Set(['C', 'E', 'I', 'N', 'T', readyForQuery]);

/** One connection of the program's. */
class Link {
  #unread = Buffer.alloc(0);
  /** The transaction's state where nothing is under way. */
  #idle: string | undefined;
  #held: Buffer[] = [];
  #asking: { found: Found; resolve: (found: Found) => void } | undefined;
  #whenIdle: (() => void)[] = [];
  readonly #closed: Promise<undefined>;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
  ) {
    this.#closed = new Promise((resolve) => {
      client.once('close', () => {
        resolve(undefined);
      });
    });
    client.on('data', (data: Buffer) => this.#fromClient(data));
    server.on('data', (data: Buffer) => this.#fromServer(data));
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
    }
  }

  cut(): void {
    this.client.destroy();
    this.server.destroy();
  }

  ask(sql: string): Promise<Found | undefined> {
    return within(5_000, Promise.race([this.#ask(sql), this.#closed]));
  }

  async #ask(sql: string): Promise<Found> {
    if (this.#idle === undefined) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    const text = Buffer.from(`${sql}\0`);
    const head = Buffer.from('Q\0\0\0\0');
    head.writeInt32BE(text.length + 4, 1);
    const answer = new Promise<Found>((resolve) => {
      this.#asking = { found: { transaction: this.#idle ?? '', columns: [] }, resolve };
    });
    this.server.write(Buffer.concat([head, text]));
    return answer;
  }

  #fromClient(data: Buffer): void {
    if (this.#asking) {
      this.#held.push(data);
      return;
    }
    this.#idle = undefined;
    this.server.write(data);
  }

  #fromServer(data: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, data]);
    while (this.#unread.length >= 5) {
      const end = this.#unread.readInt32BE(1) + 1;
      if (this.#unread.length < end) return;
      this.#take(this.#unread.subarray(0, end));
      this.#unread = this.#unread.subarray(end);
    }
  }

  #take(message: Buffer): void {
    const type = String.fromCharCode(message[0] ?? 0);
    if (!this.#asking) this.client.write(message);
    else if (type === dataRow) this.#asking.found.columns = columnsOf(message);
    else if (!answers.has(type)) this.client.write(message); // a notification is the program's
    if (type !== readyForQuery) return;
    this.#idle = String.fromCharCode(message[5] ?? 0);
    if (this.#asking) this.#answered();
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #answered(): void {
    this.#asking?.resolve(this.#asking.found);
    this.#asking = undefined;
    for (const data of this.#held.splice(0)) this.#fromClient(data);
  }
}

const columnsOf = (row: Buffer): (string | null)[] => {
  let at = 7;
  return Array.from({ length: row.readInt16BE(5) }, () => {
    const length = row.readInt32BE(at);
    at += 4 + Math.max(length, 0);
    return length < 0 ? null : row.toString('utf8', at - length, at);
  });
};

const within = <T>(ms: number, promise: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`a connection to the database did not come to rest in ${ms} ms`));
    }, ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
