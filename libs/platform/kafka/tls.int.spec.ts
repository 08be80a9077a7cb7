import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';

import type { Authority, Offer } from '../../../test/certificates/index.js';
import { badOffers, goodOffer, makeAuthority } from '../../../test/certificates/index.js';
import { openKafka } from './index.js';

let authority: Authority;
beforeAll(async () => {
  authority = await makeAuthority();
});

/** What our client says of a broker that offers TLS like this, and the bytes that it told it. */
const connecting = async ({
  certificate,
  by = authority,
  maxVersion,
}: Offer): Promise<{ said: string; told: number }> => {
  let told = 0;
  const sockets: TLSSocket[] = [];
  let heard: () => void = () => undefined;
  const hearing = new Promise<void>((resolve) => (heard = resolve));
  const broker = createServer({ ...(await by.issue(certificate)), ...(maxVersion && { maxVersion }) }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      told += chunk.length;
      heard();
    });
  });
  broker.on('tlsClientError', () => undefined);
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const brokers = [`localhost:${(broker.address() as AddressInfo).port}`];
  const said: string[] = [];
  const settings = { brokers, topicPrefix: '', tls: { ca: authority.ca }, sasl: undefined };
  let warned: () => void = () => undefined;
  const warning = new Promise<void>((resolve) => (warned = resolve));
  const warn = (message: string, context: Record<string, unknown>): void => {
    said.push(`${message} ${JSON.stringify(context)}`);
    warned();
  };
  const admin = openKafka({ settings, clientId: 'spec', warn }).admin();
  admin.connect().catch(() => undefined);
  await Promise.race([warning, hearing]); // by itself it would try for ten seconds
  for (const socket of sockets) socket.destroy(); // which ends the question under way
  await admin.disconnect();
  broker.close();
  return { said: said.join(' '), told };
};

describe('the client of Kafka', () => {
  it('talks to a broker that proves its name', async () => {
    expect((await connecting(goodOffer)).told).toBeGreaterThan(0);
  });

  it.each(badOffers)('tells nothing to one that %s', async (_, offer, reason) => {
    const { said, told } = await connecting(await offer());
    expect(said).toMatch(reason);
    expect(told).toBe(0);
  });
});
