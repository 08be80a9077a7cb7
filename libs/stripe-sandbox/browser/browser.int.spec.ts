import type { Browser, FrameLocator, Page } from 'playwright-core';
import Stripe from 'stripe';
import { describeWithBrowser, openBrowser, Recording, seriousFaults } from '../../../test/browser/index.js';
import { testCard } from '../payments/test-cards.js';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';
import type { Shop } from '../testing/shop.js';
import { openShop } from '../testing/shop.js';

const VISA = '4242424242424242';
const SECURED = '4000002760003184';

interface Result {
  error?: { type: string; code?: string; decline_code?: string; message: string };
  confirmationToken?: { id: string };
  paymentIntent?: { id: string; status: string };
  setupIntent?: { id: string; status: string };
}

describeWithBrowser('the stand-in for Stripe.js', () => {
  let sandbox: SpecSandbox;
  let shop: Shop;
  let browser: Browser;
  let stripe: Stripe;
  let page: Page;
  let fields: FrameLocator;
  beforeAll(async () => {
    sandbox = await startSpecSandbox();
    stripe = new Stripe('sk_test_123', sandbox.client);
    shop = await openShop(sandbox.url);
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 360, height: 740 } });
  }, 30_000);
  afterAll(async () => {
    await browser.close();
    await shop.close();
    await sandbox.discard();
  });
  beforeEach(async () => {
    await page.goto(shop.url);
    fields = page.frameLocator('#payment iframe');
  });

  const evaluate = <T = Result>(code: string): Promise<T> => page.evaluate(code);
  const begin = (options = '{}') => evaluate<undefined>(`begin(${options})`);
  const type = async (number: string): Promise<void> => {
    await fields.locator('[name=number]').fill(number);
    await fields.locator('[name=expiry]').fill('12 / 34');
    await fields.locator('[name=cvc]').fill('1234');
    await fields.locator('[name=postal]').fill('12345');
  };
  const tokenFor = async (number: string): Promise<string> => {
    await type(number);
    return (await evaluate('token()')).confirmationToken?.id ?? '';
  };
  const error = (name: string) => fields.locator(`#${name}-error`).textContent();

  it('makes a token of a card that the page around it never sees', async () => {
    const recording = new Recording(page.context());
    await page.reload();
    await begin();
    const number = fields.locator('[name=number]');
    await number.pressSequentially(VISA);
    expect(await number.inputValue()).toBe('4242 4242 4242 4242');
    expect(await number.getAttribute('autocomplete')).toBe('cc-number');
    await fields.locator('[name=expiry]').pressSequentially('434');
    expect(await fields.locator('[name=expiry]').inputValue()).toBe('04 / 34');
    await fields.locator('[name=cvc]').pressSequentially('12345');
    expect(await fields.locator('[name=cvc]').inputValue()).toBe('123');
    await fields.locator('[name=postal]').fill('12345');
    const { confirmationToken } = await evaluate('token()');
    expect(await stripe.confirmationTokens.retrieve(confirmationToken?.id ?? '')).toMatchObject({
      payment_method_preview: { card: { last4: '4242' } },
    });
    const heard = await evaluate<string[]>('heard');
    expect(heard.length).toBeGreaterThan(3);
    expect(heard.filter((message) => message.includes('4242') || /card\W+[[{]/.test(message))).toEqual([]);
    expect(await evaluate<unknown>('changes.at(-1)')).toMatchObject({
      complete: true,
      empty: false,
      value: { type: 'card' },
    });
    expect(await evaluate('document.querySelector("iframe").contentDocument')).toBeNull();
    await expect(evaluate('document.querySelector("iframe").contentWindow.document')).rejects.toThrow('cross-origin');
    const sent = await recording.requests(shop.url);
    expect(sent.length).toBeGreaterThan(0);
    expect(JSON.stringify(sent)).not.toContain('4242');
    expect(await evaluate('violations')).toEqual([]);
  });

  it('says in the frame what is wrong with the card', async () => {
    await begin();
    expect(await evaluate('token()')).toMatchObject({ error: { type: 'validation_error', code: 'incomplete_number' } });
    expect(await error('number')).toBe('Your card number is incomplete.');
    expect(await error('expiry')).toBe("Your card's expiration date is incomplete.");
    expect(await error('cvc')).toBe("Your card's security code is incomplete.");
    expect(await error('postal')).toBe('Your postal code is incomplete.');
    const number = fields.locator('[name=number]');
    expect(await number.getAttribute('aria-invalid')).toBe('true');
    expect(await number.getAttribute('aria-describedby')).toBe('number-error');
    await type('4242424242424241');
    await fields.locator('[name=expiry]').fill('1220');
    expect(await evaluate('token()')).toMatchObject({ error: { code: 'invalid_number' } });
    expect(await error('number')).toBe('Your card number is invalid.');
    expect(await error('expiry')).toBe("Your card's expiration year is in the past.");
    await type(VISA);
    expect([await error('number'), await number.getAttribute('aria-invalid')]).toEqual(['', null]);
    await type('4111111111111111');
    expect(await evaluate('token()')).toMatchObject({
      error: { code: 'card_declined', decline_code: 'test_mode_live_card' },
    });
  });

  it('groups a number, and knows its brand', async () => {
    await begin();
    for (const [name, grouped, brand] of [
      ['amex', '3782 822463 10005', 'American Express'],
      ['diners_14digits', '3622 7206 2716 67', 'Diners Club'],
      ['unionpay_19digits', '6205 5000 0000 0000 004', 'UnionPay'],
    ] as const) {
      await fields.locator('[name=number]').fill(testCard(name).number);
      expect(await fields.locator('[name=number]').inputValue()).toBe(grouped);
      expect(await fields.locator('#brand').textContent()).toBe(brand);
    }
  });

  it('shows 3D Secure, which is passed, failed, or closed and gone on with', async () => {
    await begin();
    const challenge = page.frameLocator('dialog iframe');
    const handled = async (button: string, answer: () => Promise<void>) => {
      const intent = await stripe.paymentIntents.create({
        amount: 900,
        currency: 'usd',
        confirm: true,
        confirmation_token: await tokenFor(SECURED),
      });
      const result = evaluate(`stripe.handleNextAction({ clientSecret: '${intent.client_secret ?? ''}' })`);
      await challenge.locator(`${button}:enabled`).waitFor();
      await answer();
      return { clientSecret: intent.client_secret ?? '', ...(await result) };
    };
    const click = (button: string) => () => challenge.locator(button).click();
    expect(await handled('#complete', click('#complete'))).toMatchObject({ paymentIntent: { status: 'succeeded' } });
    expect(await handled('#fail', click('#fail'))).toMatchObject({
      error: { code: 'payment_intent_authentication_failure' },
    });
    const closed = await handled('#close', () => page.keyboard.press('Escape'));
    expect(closed).toMatchObject({ paymentIntent: { status: 'requires_action' } });
    const again = evaluate(`stripe.handleNextAction({ clientSecret: '${closed.clientSecret}' })`);
    await challenge.locator('#complete').press('Enter');
    expect(await again).toMatchObject({ paymentIntent: { status: 'succeeded' } });
    expect(await page.locator('dialog').count()).toBe(0);
    expect(await evaluate('violations')).toEqual([]);
  });

  it('links a bank account and sets it up, by keyboard alone', async () => {
    await begin("{ mode: 'setup' }");
    const { client_secret: clientSecret } = await stripe.setupIntents.create({});
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await fields.locator('[name=method][value=card]').focus();
    await press('ArrowRight', 'Tab');
    await page.keyboard.type('Jenny Rosen');
    await press('Tab');
    await page.keyboard.type('jenny@example.com');
    await press('Tab', 'Enter', 'ArrowDown', 'ArrowUp', 'Tab', 'Enter');
    expect(await fields.locator('#linked-account').textContent()).toBe('Linked: Success ••••6789');
    const result = await evaluate(
      `elements.submit().then(() => stripe.confirmSetup({ elements, clientSecret: '${clientSecret ?? ''}', redirect: 'if_required' }))`,
    );
    expect(result).toMatchObject({ setupIntent: { status: 'succeeded' } });
  });

  it('tells that the network failed, and works once it is back', async () => {
    await begin();
    await type(VISA);
    await page.context().setOffline(true);
    expect(await evaluate('token()')).toMatchObject({ error: { type: 'api_connection_error' } });
    await page.context().setOffline(false);
    expect(await evaluate('token()')).toMatchObject({ confirmationToken: { object: 'confirmation_token' } });
  });

  it('hears and tells only the page that it says it is in', async () => {
    await begin();
    const heard = await evaluate<string[]>(`new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.src = '${sandbox.url}/endive/payment.html?origin=' + encodeURIComponent('http://127.0.0.1:9');
      const told = [];
      addEventListener('message', ({ source, data }) => source === frame.contentWindow && told.push(JSON.stringify(data)));
      frame.onload = () => {
        frame.contentWindow.postMessage({ sandbox: 'stripe', type: 'configure', options: {} }, '*');
        setTimeout(() => resolve(told), 200);
      };
      document.body.append(frame);
    })`);
    expect(heard).toEqual([]);
  });

  it('has no serious fault of accessibility, in light and dark, at 360 px', async () => {
    const show = async (file: string, appearance: object) => {
      await page.goto(`${sandbox.url}/endive/${file}.html`);
      const message = { sandbox: 'stripe', type: 'configure', options: { appearance, intent: 'pi_1' } };
      await evaluate(`postMessage(${JSON.stringify(message)}, location.origin)`);
    };
    const assertFine = async (scheme: string) => {
      // The form is see-through: this is the page that it would be in.
      await evaluate("document.documentElement.style.background = 'var(--background)'");
      expect(await seriousFaults(page)).toEqual([]);
      expect(await evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(await evaluate<string>('getComputedStyle(document.documentElement).colorScheme')).toBe(scheme);
    };
    await show('payment', { theme: 'stripe' });
    await page.locator('[name=number]').fill('42');
    await page.locator('[name=number]').blur();
    await assertFine('light');
    await show('payment', { theme: 'night', variables: { colorBackground: 'url(https://example.com)' } });
    await page.locator('[value=us_bank_account]').check();
    await page.locator('#connect-account').click();
    await assertFine('dark');
    const field = await evaluate<string>("getComputedStyle(document.querySelector('[name=holder]')).backgroundColor");
    expect(field).toBe('rgb(32, 34, 44)'); // no url(...) got in
    await page.emulateMedia({ colorScheme: 'dark' });
    await show('challenge', {});
    await assertFine('light dark');
    expect(await evaluate<string>('getComputedStyle(document.body).backgroundColor')).toBe('rgb(32, 34, 44)');
  });
});
