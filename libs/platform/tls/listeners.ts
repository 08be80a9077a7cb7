import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Server as SecureServer, ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { isIPv6 } from 'node:net';

import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

import type { InboundSettings } from '../configuration/index.js';
import { unusablePort } from '../configuration/index.js';
import { ProblemError } from '../http/index.js';
import type { Logger } from '../logging/index.js';
import type { Registry } from '../metrics/index.js';
import { ClientGate } from './client-gate.js';
import { ClientPolicy } from './client-policy.js';
import { FollowedFiles } from './followed-file.js';
import { Following } from './following.js';
import type { AccessRefusal } from './refusal-record.js';
import { RefusalRecord } from './refusal-record.js';
import type { CertificateRefused } from './refusal.js';
import { refusalOf } from './refusal.js';
import {
  defaultHandshakeTimeoutMs,
  demandingCertificate,
  observeHandshakes,
  secureOptions,
  serviceServer,
} from './secure-server.js';
import type { ServerCredentials } from './server-credentials.js';
import { serverCredentialsOf } from './server-credentials.js';

export interface ListenersOptions {
  logger: Logger;
  metrics: Registry;
  /** Of the main listener, for metrics and logs: `people`, `webhooks`. */
  name: string;
  /** Told of each denial of access, for the access log: it returns at once, never throws, and bounds what comes of a flood. */
  denied: (refusal: AccessRefusal) => void;
  now?: () => number;
  /** Default 5,000. */
  handshakeTimeoutMs?: number;
  /** How often files are looked at. Default 1,000. */
  lookEveryMs?: number;
}

/** Where an app can be reached. */
export interface Served {
  url: string;
  /** Of the listener for services, where there is one. */
  serviceUrl?: string;
}

/**
 * The ways into an app: one for everybody, by TLS 1.3 or, on loopback, plain; and, where it is asked for, one for services alone, which
 * must show a certificate. What certificates, keys and lists say is followed while it runs.
 */
export class Listeners {
  readonly #settings: InboundSettings;
  readonly #name: string;
  readonly #handshakeTimeoutMs: number;
  readonly #credentials: FollowedFiles<ServerCredentials> | undefined;
  readonly #policy: ClientPolicy | undefined;
  readonly #gate: ClientGate;
  readonly #record: RefusalRecord;
  readonly #following: Following;
  readonly #secure: { server: SecureServer; demands: boolean }[] = [];
  readonly #refusals = new WeakMap<IncomingMessage, CertificateRefused>();
  #services: SecureServer | undefined;

  /** Reads every file. Throws ConfigurationError, with one line, for one that cannot be used. */
  constructor(settings: InboundSettings, options: ListenersOptions) {
    const { logger, metrics, name, denied, now, handshakeTimeoutMs = defaultHandshakeTimeoutMs } = options;
    const { tls, clients, trustedProxies: proxies } = settings;
    this.#settings = settings;
    this.#name = name;
    this.#handshakeTimeoutMs = handshakeTimeoutMs;
    this.#credentials = tls && new FollowedFiles('TLS_CERT', [tls.certFile, tls.keyFile], serverCredentialsOf);
    this.#policy = clients && new ClientPolicy(clients, proxies.spiffeIds);
    this.#record = new RefusalRecord(metrics, logger, denied, now);
    this.#gate = new ClientGate({
      policy: this.#policy,
      proxies,
      record: this.#record,
      listener: name,
      ...(now && { now }),
    });
    this.#following = new Following({
      files: [...(this.#credentials ? [this.#credentials] : []), ...(this.#policy?.followed ?? [])],
      notAfter: () => this.#credentials?.value.notAfter,
      changed: () => {
        this.#applyChanges();
      },
      looked: () => {
        this.#gate.judgeAgain();
      },
      logger,
      metrics,
      everyMs: options.lookEveryMs,
    });
  }

  /** What the main listener proves itself with; undefined: it is plain. */
  get tls(): ServerOptions | undefined {
    return this.#credentials && secureOptions(this.#credentials.value, this.#handshakeTimeoutMs);
  }

  /** Finds out who sends each request, before anything else asks for it. To be called before other hooks are added. */
  lookAtRequests(app: NestFastifyApplication): void {
    const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
    fastify.addHook('onRequest', ({ raw, id }, reply, done) => {
      try {
        this.#gate.admit(raw, reply.raw, id);
      } catch (error) {
        this.#refusals.set(raw, refusalOf(error));
      }
      done();
    });
  }

  /**
   * Serves `app`, which was made with `tls` and is looked at, on `port`, which `setting` names, and, where there is one, for services. Throws
   * ConfigurationError for a port that cannot be listened on, such as one that is taken by others.
   */
  async serve(app: NestFastifyApplication, port: number, setting: 'PORT' | 'WEBHOOK_PORT' = 'PORT'): Promise<Served> {
    const { host, servicePort } = this.#settings;
    const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
    this.#refuseRequests(fastify);
    if (this.#credentials) {
      const server = fastify.server as unknown as SecureServer;
      observeHandshakes(server, this.#name, this.#record);
      this.#secure.push({ server, demands: false });
    }
    await app.listen(port, host).catch((error: unknown) => {
      throw unusablePort(setting, port, error);
    });
    const scheme = this.#credentials ? 'https' : 'http';
    const url = urlOf(scheme, host, fastify.server.address() as AddressInfo);
    const services = servicePort === undefined ? undefined : await this.#serveServices(fastify, servicePort);
    this.#following.start();
    return { url, ...(services && { serviceUrl: urlOf('https', host, services) }) };
  }

  /** Ends the listener for services, once those who are inside have been answered, and what follows files. The app closes the other one. */
  async close(): Promise<void> {
    this.#following.close();
    const server = this.#services;
    if (!server?.listening) return;
    const closed = once(server, 'close');
    server.close();
    // Who is answered after this moment keeps the connection otherwise.
    const idle = setInterval(() => {
      server.closeIdleConnections();
    }, 50);
    await closed;
    clearInterval(idle);
  }

  /** Last of all hooks: what the others have put on the answer stays. */
  #refuseRequests(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', ({ raw }, reply, done) => {
      const refused = this.#refusals.get(raw);
      if (refused === undefined) {
        done();
        return;
      }
      reply.header('connection', 'close');
      done(new ProblemError(403, 'certificate_refused', `${refused.message}; see docs/operations/mtls.md`));
    });
  }

  async #serveServices(fastify: FastifyInstance, port: number): Promise<AddressInfo> {
    if (!this.#credentials || !this.#policy) throw new Error('the listener for services has no certificates');
    const options = { ...this.tls, ...demandingCertificate(this.#policy.ca) };
    const handle: RequestListener = (request, response) => {
      fastify.routing(request, response);
    };
    const observed = { gate: this.#gate, record: this.#record, listener: 'services' };
    const server = serviceServer(fastify.server, handle, options, observed);
    this.#services = server;
    this.#secure.push({ server, demands: true });
    server.listen({ port, host: this.#settings.host });
    try {
      await once(server, 'listening');
    } catch (error) {
      throw unusablePort('SERVICE_PORT', port, error);
    }
    return server.address() as AddressInfo;
  }

  #applyChanges(): void {
    const own = this.tls;
    if (own === undefined) return;
    for (const { server, demands } of this.#secure)
      server.setSecureContext(demands && this.#policy ? { ...own, ca: this.#policy.ca } : own);
  }
}

/** A wildcard is reached by loopback. */
const urlOf = (scheme: string, host: string, { port }: AddressInfo): string => {
  const reached = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `${scheme}://${isIPv6(reached) ? `[${reached}]` : reached}:${port}`;
};
