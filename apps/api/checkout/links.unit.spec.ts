import { UnknownTenant } from '#event-store';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';

import { CheckoutLinks } from './links.js';

const [tenantId, otherTenant, checkoutSessionId] = [randomUUID(), randomUUID(), randomUUID()];
const key = randomBytes(32);
const made: string[] = [];
const keys = {
  blindIndex: (tenant: string, kind: string, value: string | Buffer) => {
    made.push(tenant);
    return Promise.resolve(createHmac('sha256', key).update(`${tenant}${kind}`).update(value).digest('base64url'));
  },
};
const shards = {
  of: (tenant: string) =>
    ([tenantId, otherTenant] as string[]).includes(tenant)
      ? Promise.resolve(3)
      : Promise.reject(new UnknownTenant(tenant)),
};
const links = new CheckoutLinks(keys, shards);

describe('a checkout link', () => {
  it('opens the session that it was made for, and is no longer than it needs to be', async () => {
    const token = await links.tokenOf({ tenantId, checkoutSessionId });
    expect(token).toMatch(/^[\w-]{86}$/);
    expect(await links.open(token)).toEqual({ tenantId, checkoutSessionId });
    expect(await new CheckoutLinks(keys, shards).open(token)).toEqual({ tenantId, checkoutSessionId });
  });

  it('opens nothing with any bit of it changed', async () => {
    const bytes = Buffer.from(await links.tokenOf({ tenantId, checkoutSessionId }), 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect([bit, await links.open(changed.toString('base64url'))]).toEqual([bit, undefined]);
    }
  });

  it('opens nothing in another spelling', async () => {
    const token = await links.tokenOf({ tenantId, checkoutSessionId });
    const last = token.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const alias = alphabet[alphabet.indexOf(last) + 1] ?? 'A';
    expect(Buffer.from(token.slice(0, -1) + alias, 'base64url')).toEqual(Buffer.from(token, 'base64url'));
    for (const other of [
      token.slice(0, -1) + alias,
      `${token}=`,
      `${token}A`,
      token.slice(1),
      '',
      token.replace(/.$/, '+'),
    ])
      expect(await links.open(other)).toBeUndefined();
  });

  it('of a tenant that there is not, or of the platform, asks for no key', async () => {
    const stranger = await links.tokenOf({ tenantId: randomUUID(), checkoutSessionId });
    made.length = 0;
    expect(await links.open(stranger)).toBeUndefined();
    expect(await links.open('not a link')).toBeUndefined();
    expect(made).toEqual([]);
  });
});
