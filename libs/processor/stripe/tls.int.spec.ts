import { once } from 'node:events';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import type { Authority, Offer } from '../../../test/certificates/index.js';
import { badOffers, goodOffer, makeAuthority } from '../../../test/certificates/index.js';
import { openClient } from './client.js';

let authority: Authority;
const trusted = getCACertificates('default');
beforeAll(async () => {
  authority = await makeAuthority();
  setDefaultCACertificates([...trusted, authority.ca]);
});
afterAll(() => {
  setDefaultCACertificates(trusted);
});

/** What the client makes of a Stripe that offers TLS like this: the balance's object, or why it was never asked. */
const asking = async ({ certificate, by = authority, maxVersion }: Offer): Promise<{ said: string; asked: number }> => {
  let asked = 0;
  const server: Server = createServer(
    { ...(await by.issue(certificate)), ...(maxVersion && { maxVersion }) },
    (_, reply) => {
      asked += 1;
      reply.setHeader('content-type', 'application/json').end('{"object":"balance"}');
    },
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = openClient({ apiKey: 'sk_test_1', apiBase: `https://localhost:${port}`, timeoutMs: 5_000 });
  const said = await client.balance.retrieve().then(
    ({ object }) => object as string,
    (error: unknown) => reasonsOf(error),
  );
  server.closeAllConnections();
  server.close();
  return { said, asked };
};

const reasonsOf = (error: unknown): string => {
  const { message, detail } = error as Error & { detail?: Error };
  return `${message} ${detail?.message ?? ''}`;
};

describe('the client of Stripe', () => {
  it('asks over TLS 1.3 whoever proves to be Stripe', async () => {
    expect(await asking(goodOffer)).toEqual({ said: 'balance', asked: 1 });
  });

  it.each(badOffers)('tells nothing to one that %s', async (_, offer, reason) => {
    const { said, asked } = await asking(await offer());
    expect(said).toMatch(reason);
    expect(asked).toBe(0);
  });
});
