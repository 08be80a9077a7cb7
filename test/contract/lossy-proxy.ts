import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** A network between a client and a server that can lose an answer: the server has done the work, and the client never hears of it. */
export interface LossyProxy {
  port: number;
  /** The next request of that kind is carried out and its answer lost, and with it the connection. Resolves once it is. */
  loseAnswerTo(isMeant: (request: Buffer) => boolean): Promise<void>;
  close(): Promise<void>;
}

/** Stands before the server at `host` and `port`. */
export const startLossyProxy = async ({ host, port }: { host: string; port: number }): Promise<LossyProxy> => {
  const sockets = new Set<Socket>();
  let armed: { isMeant: (request: Buffer) => boolean; lost: () => void } | undefined;
  const server = createServer((client) => {
    const upstream = connect(port, host);
    let losing: (() => void) | undefined;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on('data', (request) => {
      if (typeof request !== 'string' && armed?.isMeant(request)) {
        losing = armed.lost;
        armed = undefined;
      }
      upstream.write(request);
    });
    upstream.on('data', (answer) => {
      if (!losing) client.write(answer);
      else {
        end();
        losing();
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    loseAnswerTo: (isMeant) =>
      new Promise((resolve) => {
        armed = { isMeant, lost: resolve };
      }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};
