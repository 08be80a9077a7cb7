import type { Denial } from '#access';

import { deniedConnections } from './denied-connections.js';

const toldOf = (refusal: Parameters<ReturnType<typeof deniedConnections>>[0]): Denial[] => {
  const told: Denial[] = [];
  deniedConnections({ denied: (denial) => told.push(denial) }, 'webhook')(refusal);
  return told;
};

describe('a client that was refused by its certificate', () => {
  it("is in the platform's log, by the reason, with its network and never its address", () => {
    const refusal = { reason: 'denied', address: '203.0.113.7', spiffeId: 'spiffe://a/b', requestId: 'r1' } as const;
    expect(toldOf(refusal)).toEqual([
      {
        ...{ tenantId: undefined, channel: 'webhook', action: 'unknown', code: 'denied' },
        origin: { network: '203.0.113.0/24', spiffeId: 'spiffe://a/b', requestId: 'r1' },
      },
    ]);
  });

  it('is told of where nothing is known of it', () => {
    expect(toldOf({ reason: 'no_certificate' })).toMatchObject([{ code: 'no_certificate', origin: {} }]);
  });
});
