import { isTrustworthy } from './trustworthy-address.js';

describe('an address', () => {
  it.each([
    ['https://billing.example.com/v1/audit', true],
    ['http://127.0.0.1:3000', true],
    ['http://localhost:3000', true],
    ['http://[::1]:3000', true],
    ['http://billing.example.com', false],
    ['http://127.0.0.1.example.com', false],
    ['http://localhost.example.com', false],
    ['file:///etc', false],
  ])('%s may be asked: %s', (address, is) => {
    expect(isTrustworthy(new URL(address))).toBe(is);
  });
});
