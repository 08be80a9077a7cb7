import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { SocketAddress, isIP, isIPv6 } from 'node:net';

import { CertificateRefused } from './refusal.js';

/** What proxies say about who is behind them. From anybody else these are lies until shown otherwise: nobody inside ever sees them. */
const spoken: ReadonlySet<string> = new Set([
  'client-cert',
  'client-cert-chain',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-real-ip',
  'forwarded',
]);

/** The headers of a proxy, taken out of a request. */
export interface Forwarded {
  clientCert: string | undefined;
  clientCertChain: string | undefined;
  forwardedFor: string | undefined;
}

const one = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;

/** Takes what a proxy would say out of the request, whoever sent it. */
export const takeForwarded = (request: IncomingMessage): Forwarded => {
  const { headers, rawHeaders } = request;
  const taken: Forwarded = {
    clientCert: one(headers['client-cert']),
    clientCertChain: one(headers['client-cert-chain']),
    forwardedFor: one(headers['x-forwarded-for']),
  };
  let found = false;
  for (const name of spoken) {
    if (headers[name] === undefined) continue;
    found = true;

    delete headers[name];
  }
  if (found) {
    const kept = rawHeaders.filter((_, at) => !spoken.has((rawHeaders[at - (at % 2)] ?? '').toLowerCase()));
    rawHeaders.splice(0, rawHeaders.length, ...kept);
  }
  return taken;
};

const byteSequence = /^:([A-Za-z0-9+/]+={0,2}):$/;
const maxChain = 5;

/** The certificates of Client-Cert and Client-Cert-Chain (RFC 9440): Byte Sequences of DER. Throws CertificateRefused for anything else. */
export const forwardedChain = ({ clientCert, clientCertChain }: Forwarded): X509Certificate[] => {
  if (clientCert === undefined) return [];
  const others = clientCertChain === undefined ? [] : clientCertChain.split(',');
  if (others.length > maxChain) throw new CertificateRefused('malformed_certificate');
  return [clientCert, ...others].map((item) => {
    const base64 = byteSequence.exec(item.trim())?.[1];
    if (base64 === undefined) throw new CertificateRefused('malformed_certificate');
    const der = Buffer.from(base64, 'base64');
    try {
      const certificate = new X509Certificate(der);
      // PEM, or bytes after the certificate, would be read too.
      if (certificate.raw.equals(der)) return certificate;
    } catch {
      // Told below.
    }
    throw new CertificateRefused('malformed_certificate');
  });
};

const maxHops = 20;
/** An address as some proxies write it: IPv4 with a port, IPv6 in brackets with or without one. */
const hopForm = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::\d{1,5})?$/;

/** The address alone, in the one form that it has in text (RFC 5952). */
const addressOfHop = (hop: string): string => {
  const [, v6, v4] = hopForm.exec(hop) ?? [];
  const address = v6 ?? v4 ?? hop;
  return isIPv6(address) && !address.includes('%') ? new SocketAddress({ address, family: 'ipv6' }).address : address;
};

/**
 * The address nearest to us in X-Forwarded-For that is no trusted proxy's: what stands left of it, the client may have made up. The
 * proxy's own where the header says nothing of use.
 */
export const forwardedAddress = ({ forwardedFor }: Forwarded, proxies: BlockList, proxy: string): string => {
  const hops = (forwardedFor ?? '').split(',').slice(-maxHops).reverse();
  let nearest = proxy;
  for (const hop of hops.map((each) => addressOfHop(each.trim()))) {
    if (isIP(hop) === 0) break;
    nearest = hop;
    if (!isAmong(proxies, hop)) break;
  }
  return nearest;
};

export const isAmong = (addresses: BlockList, address: string): boolean =>
  isIP(address) !== 0 && addresses.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
