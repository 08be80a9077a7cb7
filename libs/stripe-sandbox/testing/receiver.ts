/** An endpoint that webhooks are sent to: keeps what it gets, and answers as a spec tells it. */
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:http';

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  /** As it came. */
  text: string;
  json: { id: string; type: string; account?: string; data: { object: Record<string, unknown> } } & Record<
    string,
    unknown
  >;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Answers the delivery that has the number `index`, from 0. A 200 unless a spec says otherwise. */
  answer: (response: ServerResponse, index: number) => void;
  /** Resolves once there are `count` deliveries, or as many that `wanted` holds of. Rejects after ten seconds. */
  got(count: number, wanted?: (received: Received) => boolean): Promise<Received[]>;
  close(): Promise<void>;
}

const LONGEST_WAIT_MS = 10_000;
const POLL_MS = 5;

/** Resolves once `holds` does. Rejects with `what` after ten seconds. */
export const eventually = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + LONGEST_WAIT_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};

/** Listens on a free port of loopback. */
export const startReceiver = async (): Promise<Receiver> => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const json = JSON.parse(text) as Received['json'];
      received.push({ path: request.url ?? '', headers: request.headers, text, json });
      receiver.answer(response, received.length - 1);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`,
    received,
    answer: (response) => response.writeHead(200).end('{}'),
    got: async (count, wanted = () => true) => {
      await eventually(`${String(count)} deliveries`, () => received.filter(wanted).length >= count);
      return received.filter(wanted);
    },
    close: async () => {
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
  return receiver;
};
