import { createHash } from 'node:crypto';

import { amountText } from './amount.js';
import { assets } from './assets.js';
import { renderPage } from './index.js';
import type { PageView } from './view.js';

const view: PageView = {
  state: 'open',
  mode: 'payment',
  token: 'token-of-the-page',
  merchant: 'Acme & Söhne',
  amount: 4_900,
  currency: 'usd',
  description: 'Order 1042',
  methodTypes: ['card', 'us_bank_account'],
  publishableKey: 'pk_test_sandbox',
  stripeJs: 'https://js.stripe.com/endive/stripe.js',
  successUrl: 'https://shop.example/thanks?order=1042&from=checkout',
  cancelUrl: 'https://shop.example/cart',
};
const states = ['open', 'complete', 'expired', 'unavailable', 'unknown'] as const;
const tagsOf = (page: string, name: string): string[] => page.match(new RegExp(`<${name}\\b[^>]*>`, 'g')) ?? [];

describe('the checkout page', () => {
  it.each(states)('runs and styles nothing without the nonce, and holds no style and no handler (%s)', (state) => {
    const page = renderPage({ ...view, state }, 'nonce-of-this-answer');
    for (const tag of [...tagsOf(page, 'script'), ...tagsOf(page, 'link').filter((tag) => tag.includes('stylesheet'))])
      expect(tag).toContain('nonce="nonce-of-this-answer"');
    for (const tag of page.match(/<[^>]+>/g) ?? [])
      expect(tag).not.toMatch(/^<style|\sstyle=|\son[a-z]+=|"javascript:/i);
    expect(page.match(/<script[^>]*>(?!<\/script>)/g)).toBeNull();
  });

  it('loads its own script by what it is, and Stripe.js from where it is told', () => {
    const page = renderPage(view, 'n');
    const scripts = tagsOf(page, 'script');
    expect(scripts).toHaveLength(2);
    expect(scripts[0]).toContain('src="https://js.stripe.com/endive/stripe.js"');
    const [, name = '', integrity] =
      /src="\/checkout\/assets\/([^"]+)"\s+integrity="([^"]+)"/.exec(scripts[1] ?? '') ?? [];
    const body = assets.get(name)?.body ?? '';
    expect(integrity).toBe(`sha384-${createHash('sha384').update(body).digest('base64')}`);
  });

  it('has no field that a card number could be written into', () => {
    expect(renderPage(view, 'n')).not.toMatch(/<(input|textarea|select)\b|contenteditable/i);
  });

  it('holds every file that it names', () => {
    const named = [...renderPage(view, 'n').matchAll(/\/checkout\/assets\/([^"]+)"/g)].map(([, name = '']) => name);
    expect(named).toHaveLength(3);
    for (const name of named) expect(assets.has(name)).toBe(true);
  });

  it('loads no script where there is nothing to pay', () => {
    for (const state of states.slice(1)) expect(renderPage({ ...view, state }, 'n')).not.toContain('<script');
  });

  it('says nothing of anybody where it does not know the page', () => {
    const page = renderPage({ ...view, state: 'unknown' }, 'n');
    expect(page).toContain('This page does not exist');
    expect(page).not.toMatch(/Acme|Order 1042|49\.00|token-of-the-page|shop\.example/);
  });

  it('writes what others chose as text, wherever it stands', () => {
    const hostile = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>";
    const page = renderPage(
      { ...view, merchant: hostile, description: hostile, successUrl: hostile, token: hostile },
      'n',
    );
    expect(tagsOf(page, 'script')).toHaveLength(2);
    expect(tagsOf(page, 'img')).toHaveLength(0);
    expect(page).toContain('Pay &quot;&gt;&lt;script&gt;');
  });

  it('says that no money moves where the key is a test key, and not where it is live', () => {
    expect(renderPage(view, 'n')).toContain('Test mode');
    expect(renderPage({ ...view, publishableKey: 'pk_live_1' }, 'n')).not.toContain('Test mode');
  });

  it('says that what is only held is charged later', () => {
    const held = { ...view, captureMethod: 'manual' } as const;
    expect(renderPage(held, 'n')).toContain('data-capture="manual"');
    for (const state of ['open', 'complete'] as const) {
      const page = renderPage({ ...held, state }, 'n');
      expect(page).toMatch(/Payment authorised<[\s\S]*you are charged later, by Acme/);
      expect(page).not.toContain('Payment received');
    }
    expect(renderPage({ ...held, state: 'complete' }, 'n')).not.toContain('Already paid');
    expect(renderPage({ ...held, state: 'complete', isCharged: true }, 'n')).toContain('Already paid');
    expect(renderPage({ ...view, state: 'complete' }, 'n')).toContain('Already paid');
    expect(renderPage({ ...view, captureMethod: 'automatic' }, 'n')).toContain('Payment received');
  });

  it('says why no other card can be used while the bank has not answered, and of a saved method that none is saved yet', () => {
    expect(renderPage(view, 'n')).toContain(
      'Nothing is taken until you have done so. No other card can be used meanwhile',
    );
    const setup = renderPage({ ...view, mode: 'setup' }, 'n');
    expect(setup).toContain('before the payment method is saved');
    expect(setup).toContain('Nothing is saved until you have done so. No other card can be used meanwhile');
    expect(renderPage({ ...view, mode: 'setup', state: 'unavailable' }, 'n')).toContain(
      'Nothing can be saved here now',
    );
  });

  it('asks for no amount where a method is only saved', () => {
    const page = renderPage({ ...view, mode: 'setup', amount: undefined, currency: undefined }, 'n');
    expect(page).toContain('Save payment method');
    expect(page).toContain('data-amount=""');
  });

  it('tells those without JavaScript why it needs it', () => {
    expect(renderPage(view, 'n')).toMatch(/<noscript\s*>[\s\S]*needs JavaScript[\s\S]*<\/noscript\s*>/);
  });
});

describe('an amount', () => {
  it.each([
    [4_900, 'usd', '$49.00'],
    [5, 'usd', '$0.05'],
    [123_456_789, 'eur', '€1,234,567.89'],
    [500, 'jpy', '¥500'],
    [12_340, 'kwd', 'KWD\u00a012.340'],
    [900_719_925_474_099_1, 'usd', '$90,071,992,547,409.91'],
  ])('of %d %s is %s', (amount, currency, text) => {
    expect(amountText(amount, currency)).toBe(text);
  });
});
