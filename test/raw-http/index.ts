import { connect } from 'node:net';

/** What one connection was answered with. */
export interface RawAnswer {
  /** Of each answer in turn. */
  statuses: number[];
  text: string;
  /** Until the other end hung up, or `undefined` where it did not within the time given. */
  closedAfterMs: number | undefined;
}

export interface Talk {
  /** Between two pieces. Default 0. */
  everyMs?: number;
  /** After so long without the other end hanging up, this one does. Default 5,000. */
  patienceMs?: number;
}

/** Sends bytes as they are, one piece after the other, on one connection to the server of `url`, and gives all that comes back. */
export const talk = (
  url: string,
  pieces: string | readonly string[],
  { everyMs = 0, patienceMs = 5_000 }: Talk = {},
): Promise<RawAnswer> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const beganAt = performance.now();
    const left = [pieces].flat();
    let text = '';
    let gaveUp = false;
    const sending = setInterval(() => {
      const piece = left.shift();
      if (piece !== undefined && socket.writable) socket.write(piece, 'latin1');
    }, everyMs);
    const patience = setTimeout(() => {
      gaveUp = true;
      socket.destroy();
    }, patienceMs);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined); // written to while the other end hangs up
    socket.on('close', () => {
      clearInterval(sending);
      clearTimeout(patience);
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      resolve({ statuses, text, closedAfterMs: gaveUp ? undefined : performance.now() - beganAt });
    });
  });
