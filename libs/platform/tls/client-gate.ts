import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { LRUCache } from 'lru-cache';

import type { TrustedProxies } from '../configuration/index.js';
import type { ClientIdentity } from './client-identity.js';
import { chainOf, identityOf } from './client-identity.js';
import type { ClientPolicy } from './client-policy.js';
import type { Forwarded } from './forwarded.js';
import { forwardedAddress, forwardedChain, isAmong, takeForwarded } from './forwarded.js';
import { addressOf, rememberCaller } from './peer.js';
import type { RefusalRecord, Refused } from './refusal-record.js';
import type { RefusalReason } from './refusal.js';
import { CertificateRefused, refusalOf } from './refusal.js';

const maxForwardedIdentities = 500;

export interface GateOptions {
  policy: ClientPolicy | undefined;
  proxies: TrustedProxies;
  record: RefusalRecord;
  /** Of the listener without client certificates, for the record. */
  listener: string;
  now?: () => number;
}

/** Finds out who is at the other end of each connection and each request, and goes on to look while a request is answered. */
export class ClientGate {
  readonly #options: Required<GateOptions>;
  /** By address: looking costs as much as all the rest here. */
  readonly #hasProxies: boolean;
  /** Of the connections to the listener for services. */
  readonly #connected = new WeakMap<Socket, ClientIdentity>();
  readonly #forwarded = new LRUCache<string, ClientIdentity>({ max: maxForwardedIdentities });
  /** Requests that a certificate has let in, while they are answered. */
  readonly #inside = new Map<IncomingMessage, readonly ClientIdentity[]>();

  constructor(options: GateOptions) {
    this.#options = { now: Date.now, ...options };
    this.#hasProxies = options.proxies.addresses.rules.length > 0;
  }

  /** Judges a connection whose certificate OpenSSL has found to be an authority's. Throws CertificateRefused. */
  connected(socket: Socket, certificate: X509Certificate | undefined): void {
    try {
      const identity = identityOf(chainOf(certificate));
      this.#judge(identity);
      this.#connected.set(socket, identity);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /**
   * Judges a request by the certificate of its connection, as it is good at this moment, and by the one that a trusted proxy forwards;
   * takes out of it what any other proxy says. `requestId` names it in logs. Throws CertificateRefused.
   */
  admit(request: IncomingMessage, response: ServerResponse, requestId: string): void {
    const forwarded = takeForwarded(request);
    const { socket } = request;
    const connected = this.#connected.get(socket);
    let address = socket.remoteAddress ?? '';
    try {
      if (connected) this.#judge(connected);
      const { policy, proxies } = this.#options;
      const trusted = connected
        ? (policy?.isProxy(connected) ?? false)
        : this.#hasProxies && isAmong(proxies.addresses, address);
      if (trusted) address = forwardedAddress(forwarded, proxies.addresses, address);
      const behind = trusted ? this.#behind(forwarded) : undefined;
      const client = trusted ? behind : connected;
      rememberCaller(request, { peer: client?.peer, address });
      const judged = [connected, behind].filter((identity) => identity !== undefined);
      if (judged.length > 0) this.#watch(request, response, judged);
    } catch (error) {
      const refused = refusalOf(error);
      this.#tell(refused, connected !== undefined, { address, requestId });
      throw refused;
    }
  }

  /** Cuts off the requests, streams that go on for hours included, of those who would not be let in any more. */
  judgeAgain(): void {
    for (const [request, identities] of this.#inside) {
      for (const identity of identities) {
        const reason = this.#refusal(identity);
        if (reason === undefined) continue;
        this.#inside.delete(request);
        const address = addressOf(request);
        this.#tell(refusedFor(reason, identity), this.#connected.has(request.socket), { address });
        request.socket.destroy();
        break;
      }
    }
  }

  /** The certificate that a trusted proxy says its client has shown. Where no client certificate counts, none does here. */
  #behind(forwarded: Forwarded): ClientIdentity | undefined {
    if (this.#options.policy === undefined || forwarded.clientCert === undefined) return undefined;
    const key = `${forwarded.clientCert} ${forwarded.clientCertChain ?? ''}`;
    const identity = this.#forwarded.get(key) ?? identityOf(forwardedChain(forwarded));
    this.#forwarded.set(key, identity);
    this.#judge(identity);
    return identity;
  }

  #judge(identity: ClientIdentity): void {
    const refusal = this.#refusal(identity);
    if (refusal !== undefined) throw refusedFor(refusal, identity);
  }

  #refusal(identity: ClientIdentity) {
    const { policy, now } = this.#options;
    return policy === undefined ? 'not_allowed' : policy.refusal(identity, now());
  }

  #watch(request: IncomingMessage, response: ServerResponse, identities: readonly ClientIdentity[]): void {
    this.#inside.set(request, identities);
    response.once('close', () => this.#inside.delete(request));
  }

  #tell({ reason, spiffeId }: CertificateRefused, byServices: boolean, from: Refused): void {
    const { record, listener } = this.#options;
    record.refused(byServices ? 'services' : listener, reason, { ...from, spiffeId });
  }
}

/** Whose a certificate is that no authority of ours has issued, it alone says. */
const refusedFor = (reason: RefusalReason, { peer }: ClientIdentity): CertificateRefused =>
  new CertificateRefused(reason, reason === 'untrusted' ? undefined : peer.spiffeId);
