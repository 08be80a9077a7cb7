import { isIPv6 } from 'node:net';

import type { InboundSettings } from '#platform/configuration';

/** The URL at which this machine reaches a listener. */
export const reachedAt = ({ host, tls }: Pick<InboundSettings, 'host' | 'tls'>, port: number): string => {
  const address = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `${tls ? 'https' : 'http'}://${isIPv6(address) ? `[${address}]` : address}:${port}`;
};
