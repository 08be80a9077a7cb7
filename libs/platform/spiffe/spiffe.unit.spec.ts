import { isSpiffeId } from './index.js';

describe('a SPIFFE id', () => {
  it.each([
    'spiffe://acme.example/shop',
    'spiffe://a/ns/prod/sa/Billing_1.2',
    'spiffe://a/...',
    `spiffe://a/${'b'.repeat(2_037)}`,
  ])('may be %s', (text) => {
    expect(isSpiffeId(text)).toBe(true);
  });

  it.each([
    '',
    'spiffe://',
    'spiffe://acme.example',
    'spiffe://acme.example/',
    'spiffe:///shop',
    'spiffe://acme.example/shop/',
    'spiffe://acme.example//shop',
    'spiffe://acme.example/./shop',
    'spiffe://acme.example/../shop',
    'spiffe://acme.example/shop/..',
    'spiffe://Acme.example/shop',
    'SPIFFE://acme.example/shop',
    'spiffe://acme.example:443/shop',
    'spiffe://user@acme.example/shop',
    'spiffe://acme.example/shop?x=1',
    'spiffe://acme.example/shop#x',
    'spiffe://acme.example/sh%6Fp',
    'spiffe://acme.example/shop\n',
    ' spiffe://acme.example/shop',
    'spiffe://acme.example/shóp',
    'https://acme.example/shop',
    `spiffe://a/${'b'.repeat(2_038)}`,
    `spiffe://${'a'.repeat(256)}/b`,
  ])('is never %j', (text) => {
    expect(isSpiffeId(text)).toBe(false);
  });
});
