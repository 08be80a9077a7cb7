import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

import type { KafkaOptions, RunningKafka } from './index.js';
import { startKafka } from './index.js';

/** Between clients and one broker; does harm on request. */
export interface FaultProxy {
  /** Where clients connect, on loopback. */
  port: number;
  /** Lets the next `count` produce requests through and cuts the connection instead of passing on what the broker says to them. */
  dropProduceAnswers(count: number): void;
  /** Produce answers that were dropped so far. */
  readonly dropped: number;
  /** Passes nothing on any more, in neither direction, and closes nothing: a cable that was pulled. */
  cut(): void;
  /** Ends what hung in the cut, and lets everything through again. */
  mend(): void;
  /** Ends every connection. */
  close(): Promise<void>;
}

export interface ProxiedKafka extends RunningKafka {
  /** `host:port` of each proxy: what a client behind them is to connect to. The direct way is `brokers`. */
  proxied: string[];
  /** One a broker. */
  proxies: FaultProxy[];
}

/** Starts brokers with a proxy before each, which is reached by a listener of its own. */
export const startProxiedKafka = async (options: KafkaOptions): Promise<ProxiedKafka> => {
  const targets: number[] = [];
  const proxies = await Promise.all(
    Array.from({ length: options.brokers ?? 1 }, (_, at) => startFaultProxy(() => targets[at] ?? 0)),
  );
  const closeProxies = () => Promise.all(proxies.map((proxy) => proxy.close()));
  try {
    const kafka = await startKafka({ ...options, proxyPorts: proxies.map(({ port }) => port) });
    targets.push(...kafka.behindProxies);
    return {
      ...kafka,
      proxies,
      proxied: proxies.map(({ port }) => `127.0.0.1:${port}`),
      stop: async () => {
        await closeProxies();
        await kafka.stop();
      },
      discard: async () => {
        await closeProxies();
        await kafka.discard();
      },
    };
  } catch (error) {
    await closeProxies();
    throw error;
  }
};

const produceApi = 0;

/** Calls `take` with each whole message of the Kafka protocol: four bytes of length, then as many bytes. */
const eachFrame = (take: (frame: Buffer) => void): ((chunk: Buffer) => void) => {
  let held = Buffer.alloc(0);
  return (chunk) => {
    held = Buffer.concat([held, chunk]);
    while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
      const end = 4 + held.readInt32BE(0);
      take(held.subarray(0, end));
      held = held.subarray(end);
    }
  };
};

class Proxy {
  dropped = 0;
  toDrop = 0;
  isCut = false;
  readonly sockets = new Set<Socket>();
  readonly #target: () => number;

  constructor(target: () => number) {
    this.#target = target;
  }

  readonly accept = (client: Socket): void => {
    const broker = connect(this.#target(), '127.0.0.1');
    const unanswered = new Set<number>(); // correlation ids of produce requests whose answer is to be dropped
    const end = (): void => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', () => {
        this.sockets.delete(socket);
        if (!this.isCut) end();
      });
    }
    const fromClient = eachFrame((frame) => {
      if (frame.readInt16BE(4) === produceApi && this.toDrop > 0) {
        this.toDrop -= 1;
        unanswered.add(frame.readInt32BE(8));
      }
      broker.write(frame);
    });
    const fromBroker = eachFrame((frame) => {
      if (unanswered.has(frame.readInt32BE(4))) {
        this.dropped += 1;
        end();
      } else {
        client.write(frame);
      }
    });
    client.on('data', (chunk) => {
      if (!this.isCut) fromClient(chunk as Buffer);
    });
    broker.on('data', (chunk) => {
      if (!this.isCut) fromBroker(chunk as Buffer);
    });
  };

  endAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Starts a proxy before the port that `target` names at the time of each connection. */
export const startFaultProxy = async (target: () => number): Promise<FaultProxy> => {
  const proxy = new Proxy(target);
  const server = createServer(proxy.accept);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get dropped() {
      return proxy.dropped;
    },
    dropProduceAnswers: (count) => {
      proxy.toDrop = count;
    },
    cut: () => {
      proxy.isCut = true;
    },
    mend: () => {
      proxy.isCut = false;
      proxy.endAll();
    },
    close: async () => {
      proxy.isCut = false;
      const closed = new Promise((resolve) => server.close(resolve));
      proxy.endAll();
      await closed;
    },
  };
};
