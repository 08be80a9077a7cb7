import { differences } from './compare.js';
import type { Inventory } from './inventory.js';
import type { LoadedPage } from './page.js';
import { scanPage } from './scan.js';

const inventory: Inventory = {
  page: '/checkout/:token',
  scripts: [
    {
      name: 'checkout.js',
      source: 'checkout.cjs',
      purpose: 'the page',
      authorisedBy: 'A',
      authorisedOn: '2026-11-21',
      integrity: 'sha384-good',
    },
    {
      name: 'Stripe.js',
      source: 'https://js.stripe.com/endive/stripe.js',
      purpose: 'the fields',
      authorisedBy: 'A',
      authorisedOn: '2026-11-21',
      assuredBy: 'Stripe',
    },
  ],
  policy: { 'default-src': "'none'", 'script-src': "'nonce' https://js.stripe.com https://*.js.stripe.com" },
  headers: { 'x-content-type-options': 'nosniff' },
};

const own = '/checkout/assets/checkout.0123456789abcdef.js';
const ownTag = `<script type="module" src="${own}" integrity="sha384-good" nonce="n"></script>`;
const stripeTag = '<script src="https://js.stripe.com/endive/stripe.js" nonce="n" defer></script>';
const policy = "default-src 'none'; script-src 'nonce-0123456789abcdef' https://js.stripe.com https://*.js.stripe.com";

const page = (
  text: string,
  { url = 'https://pay.example/checkout/t', content = 'sha384-good', headers = {} } = {},
): LoadedPage => ({
  ...scanPage(text),
  url: new URL(url),
  contents: new Map([[own, content]]),
  headers: new Headers({ 'content-security-policy': policy, 'x-content-type-options': 'nosniff', ...headers }),
});
const problems = (loaded: LoadedPage): string[] =>
  differences(inventory, loaded).map(({ subject, problem }) => `${subject}: ${problem}`);

describe('a payment page, held against its inventory', () => {
  it('is as it should be', () => {
    expect(problems(page(`<!doctype html><!-- <script>x</script> --><p>${stripeTag}${ownTag}`))).toEqual([]);
  });

  it.each([
    [
      'another script',
      '<script src="https://cdn.example/x.js" nonce="n"></script>',
      'https://cdn.example/x.js: is loaded',
    ],
    ['a script of ours that nobody authorised', '<script src="/other.js" nonce="n"></script>', '/other.js: is loaded'],
    ['a script in the page itself', '<script nonce="n">1</script>', 'page: a script stands in the page itself'],
    ['a script that is loaded ahead', '<link rel="modulepreload" href="/x.js">', '/x.js: is loaded'],
    ['the same script twice', ownTag, 'checkout.js: is loaded twice'],
    ['a handler of an element', '<img src=x onerror=alert(1)>', 'page: <img> has a handler of its own, onerror'],
    ['a script for an address', '<a href=" JavaScript:alert(1)">', 'page: <a> has a script for an address, in href'],
    ['a base, which moves every address', '<base href="https://cdn.example/">', 'page: <base> stands in the page'],
    ['a frame', '<iframe srcdoc="x"></iframe>', 'page: <iframe> stands in the page'],
  ])('tells of %s', (_, more, told) => {
    expect(problems(page(stripeTag + ownTag + more))).toContainEqual(expect.stringContaining(told));
  });

  it('tells of a script that is not there any more', () => {
    expect(problems(page(stripeTag))).toEqual(['checkout.js: (checkout.cjs) is in the inventory and is not loaded']);
  });

  it('tells of a script without integrity, with another, and without a nonce', () => {
    expect(problems(page(stripeTag + ownTag.replace(' integrity="sha384-good"', '')))).toEqual([
      'checkout.js: has no integrity, authorised is sha384-good',
    ]);
    expect(problems(page(stripeTag + ownTag.replace('good', 'bad')))[0]).toContain('has integrity sha384-bad');
    expect(problems(page(stripeTag.replace(' nonce="n"', '') + ownTag))).toEqual(['Stripe.js: has no nonce']);
  });

  it('tells of bytes that are not those that were authorised', () => {
    expect(problems(page(stripeTag + ownTag, { content: 'sha384-other' }))).toEqual([
      'checkout.js: is sha384-other, authorised is sha384-good',
    ]);
  });

  it('tells once of a script that was changed together with what the page says of it', () => {
    const changed = page(stripeTag + ownTag.replace('sha384-good', 'sha384-other'), { content: 'sha384-other' });
    expect(differences(inventory, changed)).toEqual([
      {
        subject: 'checkout.js',
        problem: 'was changed: it is sha384-other, authorised is sha384-good',
        isOurChange: true,
      },
    ]);
  });

  it('tells of another release of Stripe.js', () => {
    const found = problems(page(stripeTag.replace('endive', 'v3') + ownTag));
    expect(found).toEqual([
      'https://js.stripe.com/v3/stripe.js: is loaded and is not in the inventory',
      'Stripe.js: (https://js.stripe.com/endive/stripe.js) is in the inventory and is not loaded',
    ]);
  });

  it.each([
    ['a policy that allows more', { 'content-security-policy': `${policy} https://cdn.example` }, 'script-src: is'],
    [
      'a policy that allows inline scripts',
      { 'content-security-policy': `${policy} 'unsafe-inline'` },
      'script-src: is',
    ],
    [
      'a directive more',
      { 'content-security-policy': `${policy}; frame-src *` },
      'frame-src: is *, authorised is none',
    ],
    ['a directive less', { 'content-security-policy': "default-src 'none'" }, 'script-src: is not sent'],
    [
      'a nonce that can be guessed',
      { 'content-security-policy': policy.replace('0123456789abcdef', '1') },
      'script-src: is',
    ],
    ['another header', { 'x-content-type-options': 'sniff' }, 'x-content-type-options: is sniff'],
  ])('tells of %s', (_, headers, told) => {
    expect(problems(page(stripeTag + ownTag, { headers }))).toContainEqual(expect.stringContaining(told));
  });

  describe("on a developer's machine", () => {
    const local = 'http://127.0.0.1:3000/checkout/t';
    const standIn = stripeTag.replace('https://js.stripe.com', 'http://127.0.0.1:3002');
    const headers = {
      'content-security-policy': "default-src 'none'; script-src 'nonce-0123456789abcdef' http://127.0.0.1:3002",
    };

    it('takes the stand-in for Stripe', () => {
      expect(problems(page(standIn + ownTag, { url: local, headers }))).toEqual([]);
    });

    it('does not take it anywhere else', () => {
      expect(problems(page(standIn + ownTag, { headers })).length).toBeGreaterThan(0);
    });
  });
});
