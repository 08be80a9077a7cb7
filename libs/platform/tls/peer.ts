import type { IncomingMessage } from 'node:http';

import type { Peer } from '#access';

/** What has been found out about the other end of a request, by {@link ClientGate}. */
export interface Caller {
  readonly peer: Peer | undefined;
  readonly address: string;
}

const callers = new WeakMap<IncomingMessage, Caller>();

export const rememberCaller = (request: IncomingMessage, caller: Caller): void => {
  callers.set(request, caller);
};

/** Who is at the other end, by the client certificate of the connection or of a trusted proxy; undefined without one. */
export const peerOf = (request: IncomingMessage): Peer | undefined => callers.get(request)?.peer;

/** The address that a request comes from: the connection's, or the one that a trusted proxy forwards. */
export const addressOf = (request: IncomingMessage): string =>
  callers.get(request)?.address ?? request.socket.remoteAddress ?? '';
