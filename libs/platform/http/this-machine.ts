import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

import { addressOf } from '../tls/peer.js';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Whether a request comes from the machine that it comes to: from loopback, or from the very address that it was sent to. Where a trusted
 * proxy hands it on, whoever is behind that must be there, too.
 */
export const isFromThisMachine = (request: IncomingMessage): boolean => {
  const { localAddress, remoteAddress = '' } = request.socket;
  return [remoteAddress, addressOf(request)].every((address) => isLoopback(address) || address === localAddress);
};

const isLoopback = (address: string): boolean => {
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 6 ? 'ipv6' : 'ipv4');
};
