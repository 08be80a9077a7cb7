import type { X509Certificate } from 'node:crypto';
import { constants } from 'node:crypto';
import type { Server as PlainServer, RequestListener } from 'node:http';
import type { Server as SecureServer, ServerOptions } from 'node:https';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import type { ClientGate } from './client-gate.js';
import type { RefusalRecord } from './refusal-record.js';
import { reasonOf, refusalOf } from './refusal.js';
import type { ServerCredentials } from './server-credentials.js';

/** A handshake takes two round trips; whoever needs longer only holds a connection. */
export const defaultHandshakeTimeoutMs = 5_000;
/** At once, on a listener that has no bound of its own: more are turned away. */
const mostConnections = 1_024;

/**
 * TLS 1.3 and nothing older. Without tickets, and as nobody keeps sessions here, no session is resumed: whoever connects has shown a
 * certificate that was good at that moment.
 */
export const secureOptions = ({ cert, key }: ServerCredentials, handshakeTimeoutMs: number): ServerOptions => ({
  cert,
  key,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  secureOptions: constants.SSL_OP_NO_TICKET,
  handshakeTimeout: handshakeTimeoutMs,
});

/** What a client has to show: a certificate of one of these authorities (PEM). */
export const demandingCertificate = (ca: string): ServerOptions => ({
  ca,
  requestCert: true,
  rejectUnauthorized: true,
});

/** Counts what fails before it is a request, and bounds how many there are. */
export const observeHandshakes = (server: SecureServer, listener: string, record: RefusalRecord): void => {
  // Absent while nobody has set it, whatever the types say.
  const { maxConnections = mostConnections } = server as { maxConnections?: number };
  server.maxConnections = maxConnections;
  server.on('drop', () => {
    record.refused(listener, 'crowded');
  });
  // By the time that a handshake has failed, its socket does not know any more where it led to.
  const addresses = new WeakMap<Socket, string | undefined>();
  server.on('connection', (socket: Socket) => {
    addresses.set(socket, socket.remoteAddress);
  });
  server.on('tlsClientError', (error, socket) => {
    const plain = beneath(socket);
    const address = socket.remoteAddress ?? (plain && addresses.get(plain));
    record.refused(listener, reasonOf(error, socket.authorizationError), { address });
    socket.destroy();
  });
};

/** The connection that TLS is spoken on; Node has no public name for it. */
const beneath = (socket: TLSSocket): Socket | undefined => (socket as { _parent?: Socket })._parent;

/**
 * A listener for services, beside `main` and with the same bounds on what clients make large or slow: no connection reaches `handle` that
 * has not shown a good certificate.
 */
export const serviceServer = (
  main: PlainServer,
  handle: RequestListener,
  options: ServerOptions,
  { gate, record, listener }: { gate: ClientGate; record: RefusalRecord; listener: string },
): SecureServer => {
  const { headersTimeout, requestTimeout, keepAliveTimeout, timeout, maxConnections } = main;
  const bounds = { headersTimeout, requestTimeout, keepAliveTimeout, connectionsCheckingInterval: 1_000 };
  const server = createServer({ ...options, ...bounds }, handle);
  Object.assign(server, { timeout, maxConnections });
  for (const answer of main.listeners('clientError')) server.on('clientError', answer as () => void);
  observeHandshakes(server, listener, record);
  const serve = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    const [certificate, address] = [socket.getPeerX509Certificate(), socket.remoteAddress];
    try {
      gate.connected(socket, certificate);
    } catch (error) {
      socket.destroy();
      const { reason, spiffeId } = refusalOf(error);
      record.refused(listener, reason, { spiffeId, fingerprint: fingerprintOf(certificate), address });
      return;
    }
    for (const each of serve) each.call(server, socket);
  });
  return server;
};

/** For the log: it names a certificate that may have no id worth naming. */
const fingerprintOf = (certificate: X509Certificate | undefined): string | undefined =>
  certificate?.fingerprint256.replaceAll(':', '').toLowerCase();
