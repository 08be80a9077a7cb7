import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Browser, BrowserContext } from 'playwright-core';

import { pciCommand } from '../../apps/cli/pci/index.js';
import { runCommand } from '../../apps/cli/testing/run-command.js';
import type { TestCard } from '../../libs/stripe-sandbox/payments/test-cards.js';
import { testCard } from '../../libs/stripe-sandbox/payments/test-cards.js';
import type { Standalone } from '../standalone/index.js';
import { startStandalone } from '../standalone/index.js';
import type { Sent, Session } from './index.js';
import {
  CheckoutTab,
  Recording,
  Shop,
  asks,
  cardNumbersIn,
  cards,
  chosenCards,
  describeWithBrowser,
  openBrowser,
  putScriptsInto,
  reachIntoFrame,
  seriousFaults,
  wasTaken,
} from './index.js';

const visa = testCard('visa').number;
const once = { received: 4_900, charges: 1, captures: 1 };
const never = { received: 0, charges: 0, captures: 0 };
/** Where each state of the page is photographed, for people to look at. Nothing is where this is not set. */
const shots = process.env.CHECKOUT_SHOTS;
const holder = { name: 'Zacharias Quillfeather', email: 'quillfeather@example.org' };

describeWithBrowser('the checkout page, in a browser', () => {
  let standalone: Standalone;
  let shop: Shop;
  let browser: Browser;
  const recordings: Recording[] = [];

  beforeAll(async () => {
    [standalone, browser] = await Promise.all([startStandalone({ RATE_LIMIT_CHECKOUT: '0' }), openBrowser()]);
    shop = await Shop.open(standalone);
  }, 90_000);
  afterAll(async () => {
    await browser.close();
    await shop.close();
    await standalone.stop();
  }, 60_000);

  /** A context whose requests are recorded, and looked through by the last test. */
  const recorded = async (): Promise<BrowserContext> => {
    const context = await CheckoutTab.context(browser);
    recordings.push(new Recording(context));
    return context;
  };
  const inContext = async <T>(work: (context: BrowserContext) => Promise<T>): Promise<T> => {
    const context = await recorded();
    try {
      return await work(context);
    } finally {
      await context.close();
    }
  };
  const settles = async (session: Session, taken: typeof once): Promise<void> => {
    for (const until = Date.now() + 5_000; Date.now() < until; await sleep(50))
      if ((await shop.taken(session)).captures === taken.captures) break;
    expect(await shop.taken(session)).toEqual(taken);
  };
  const confirmations = (sent: readonly Sent[], { url }: Session): string[] =>
    sent.filter((each) => each.url === `${url}/confirm`).map(({ body }) => body);

  it('takes each test card as its bank does, and charges none twice', async () => {
    const waiting = [...chosenCards];
    const pay = async (tab: CheckoutTab, card: TestCard): Promise<void> => {
      const session = await shop.payment();
      await tab.page.goto(session.url);
      await tab.fillCard(card.number);
      await tab.pay();
      let outcome = await tab.outcome();
      expect([card.number, outcome === 'bank']).toEqual([card.number, asks(card)]);
      if (outcome === 'bank') {
        await tab.answerBank('complete');
        await tab.page.locator('dialog').waitFor({ state: 'detached' });
        outcome = await tab.outcome();
      }
      expect([card.number, outcome]).toEqual([card.number, card.declines ? 'refused' : 'succeeded']);
      await settles(session, card.declines ? never : once);
    };
    const worker = () =>
      inContext(async (context) => {
        const tab = await CheckoutTab.open(context, 'about:blank');
        for (let card = waiting.shift(); card; card = waiting.shift()) await pay(tab, card);
      });
    await Promise.all([worker(), worker(), worker()]);
  }, 300_000);

  it('lets a payer whom the bank does not believe try another card', () =>
    inContext(async (context) => {
      const session = await shop.payment();
      const tab = await CheckoutTab.open(context, session.url);
      await tab.fillCard(testCard('threeDSecure2Required').number);
      await tab.pay();
      await tab.answerBank('fail');
      expect(await tab.refusal()).toContain('could not be confirmed that it is you');
      expect(await tab.page.locator('#notice').innerText()).toBe(''); // nothing is waited for any more
      await settles(session, never);
      await tab.fillCard(visa);
      await tab.pay();
      await tab.shows('succeeded');
      await settles(session, once);
    }));

  it('goes on with a verification that was left, also after the page was loaded again', () =>
    inContext(async (context) => {
      const session = await shop.payment();
      const tab = await CheckoutTab.open(context, session.url);
      await tab.fillCard(testCard('threeDSecure2Required').number);
      await tab.pay();
      await tab.answerBank('close');
      await tab.shows('action');
      await tab.page.reload();
      await tab.shows('action');
      await tab.page.click('#verify');
      await tab.answerBank('complete');
      await tab.shows('succeeded');
      await settles(session, once);
    }));

  it('confirms what the payer has done with their bank, once the page is open again, and asks them nothing twice', () =>
    inContext(async (context) => {
      const session = await shop.payment();
      const tab = await CheckoutTab.open(context, session.url);
      await tab.page.route('**/action', (route) => route.abort());
      await tab.fillCard(testCard('threeDSecure2Required').number);
      await tab.pay();
      await tab.answerBank('complete');
      await tab.shows('action');
      expect(await shop.taken(session)).toEqual(never);
      await tab.page.unroute('**/action');
      await tab.page.reload();
      await tab.shows('action');
      await tab.page.click('#verify');
      await tab.shows('succeeded');
      await settles(session, once);
    }));

  it('charges once for a double click', () =>
    inContext(async (context) => {
      const session = await shop.payment();
      const recording = new Recording(context);
      const tab = await CheckoutTab.open(context, session.url);
      await tab.fillCard(visa);
      await tab.page.locator('#pay').dblclick();
      await tab.shows('succeeded');
      expect(confirmations(await recording.requests(), session)).toHaveLength(1);
      await settles(session, once);
    }));

  it('charges once where two tabs pay at the same moment, and both tell the same', () =>
    inContext(async (context) => {
      const session = await shop.payment();
      const tabs = [await CheckoutTab.open(context, session.url), await CheckoutTab.open(context, session.url)];
      for (const tab of tabs) await tab.fillCard(visa);
      await Promise.all(tabs.map((tab) => tab.pay()));
      for (const tab of tabs) await tab.shows('succeeded');
      await settles(session, once);
    }));

  it('tells a tab that was left open that another has paid', () =>
    inContext(async (context) => {
      const session = await shop.payment();
      const left = await CheckoutTab.open(context, session.url);
      const paying = await CheckoutTab.open(context, session.url);
      await paying.fillCard(visa);
      await paying.pay();
      await paying.shows('succeeded');
      await left.shows('succeeded');
    }));

  it('asks about the same confirmation again where the answer was lost on its way', () =>
    inContext(async (context) => {
      const session = await shop.payment();
      const recording = new Recording(context);
      const tab = await CheckoutTab.open(context, session.url);
      await tab.page.route(
        '**/confirm',
        async (route) => {
          await route.fetch(); // the server has done it
          await route.abort();
        },
        { times: 1 },
      );
      await tab.fillCard(visa);
      await tab.pay();
      await tab.shows('succeeded');
      const sent = confirmations(await recording.requests(), session);
      expect(sent.length).toBeGreaterThan(1);
      expect(new Set(sent).size).toBe(1);
      await settles(session, once);
    }));

  it('says that the connection was lost, and pays once it is back', () =>
    inContext(async (context) => {
      const session = await shop.payment();
      const tab = await CheckoutTab.open(context, session.url);
      await tab.fillCard(visa);
      await context.setOffline(true);
      await tab.pay();
      expect(await tab.refusal()).toContain('You are offline. Nothing was sent');
      await context.setOffline(false);
      await tab.page.route('**/confirm', (route) => route.abort(), { times: 3 });
      await tab.pay();
      await tab.page.getByRole('button', { name: 'Try again' }).waitFor();
      expect(await tab.refusal()).toContain('you will not be charged twice');
      await tab.pay();
      await tab.shows('succeeded');
      await settles(session, once);
    }));

  it('takes a bank account, says that it takes days, and hears how it ended', () =>
    inContext(async (context) => {
      const session = await shop.payment();
      const recording = new Recording(context);
      const tab = await CheckoutTab.open(context, session.url);
      await tab.fillBankAccount(holder);
      await tab.pay();
      await tab.shows('processing');
      await shop.letDaysPass();
      await tab.shows('succeeded');
      await settles(session, once);
      const sent = JSON.stringify(await recording.requests(standalone.url));
      expect(sent).not.toMatch(/Zacharias|Quillfeather|fca_test/i);
    }));

  it('saves a card without a charge', () =>
    inContext(async (context) => {
      const tab = await CheckoutTab.open(context, (await shop.setup()).url);
      await tab.fillCard(testCard('authenticationRequiredOnSetup').number);
      await tab.pay();
      await tab.answerBank('complete');
      await tab.shows('succeeded');
      expect(await tab.page.locator('[data-panel="succeeded"] h2').innerText()).toBe('Payment method saved');
    }));

  it('goes back to the shop by itself where it was paid', () =>
    inContext(async (context) => {
      const successUrl = `${standalone.url}/healthz?from=checkout`;
      const tab = await CheckoutTab.open(context, (await shop.payment({ successUrl })).url);
      await tab.fillCard(visa);
      await tab.pay();
      await tab.page.waitForURL(successUrl);
    }));

  it("keeps Stripe's frame closed to a script in our page", () =>
    inContext(async (context) => {
      const tab = await CheckoutTab.open(context, (await shop.payment()).url);
      await tab.fillCard(visa);
      const closed = 'SecurityError';
      expect(await reachIntoFrame(tab.page)).toEqual({
        document: null,
        window: closed,
        address: closed,
        property: closed,
      });
      expect(await tab.keys()).toBe(0);
      await tab.pay();
      await tab.shows('succeeded');
      const heard = await tab.heard();
      expect(heard.length).toBeGreaterThan(0);
      expect(cardNumbersIn(JSON.stringify(heard), [...cards.keys()])).toEqual([]);
      expect(new Set(heard.map(({ origin }) => origin))).toEqual(new Set([standalone.sandboxUrl]));
    }));

  it('runs no script that was put into it, loads nothing from elsewhere, and reports the attempt', async () => {
    const context = await CheckoutTab.context(browser); // what is refused counts as sent in a recording
    let asked = 0;
    const elsewhere = createServer((_, response) => {
      asked += 1;
      response.end('globalThis.taken = true');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => elsewhere.once('listening', resolve));
    const foreign = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
    const tab = await CheckoutTab.open(context, (await shop.payment()).url);
    await tab.page.locator('#pay:enabled').waitFor();
    const before = await shop.reports('script-src-elem');
    await putScriptsInto(tab.page, foreign);
    for (const until = Date.now() + 8_000; Date.now() < until; await sleep(100))
      if ((await shop.reports('script-src-elem')) > before) break;
    elsewhere.close();
    expect(await shop.reports('script-src-elem')).toBeGreaterThan(before);
    expect(asked).toBe(0);
    expect(await wasTaken(tab.page)).toBe(false);
    await context.close();
  });

  it(
    'is whole for everybody in each of its states: no serious fault, light, dark and on a small telephone',
    () =>
      inContext(async (context) => {
        const photograph = async ({ page }: CheckoutTab, name: string, fullPage = false): Promise<void> => {
          if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}.png`), fullPage });
        };
        const isWhole = async (tab: CheckoutTab, state: string): Promise<void> => {
          expect([state, await seriousFaults(tab.page)]).toEqual([state, []]);
          await photograph(tab, `${state}-light`);
          await tab.page.emulateMedia({ colorScheme: 'dark' });
          expect([state, await seriousFaults(tab.page)]).toEqual([state, []]);
          await photograph(tab, `${state}-dark`);
          await tab.page.emulateMedia({ colorScheme: 'light' });
          await tab.page.setViewportSize({ width: 360, height: 740 });
          const width = await tab.page.evaluate(
            () =>
              (globalThis as unknown as { document: { documentElement: { scrollWidth: number } } }).document
                .documentElement.scrollWidth,
          );
          expect([state, width]).toEqual([state, 360]);
          await photograph(tab, `${state}-360`, true);
          await tab.page.setViewportSize({ width: 900, height: 800 });
        };
        const session = await shop.payment({ cancelUrl: 'https://shop.example/cart' });
        const tab = await CheckoutTab.open(context, session.url);
        await tab.page.locator('#pay:enabled').waitFor();
        await isWhole(tab, 'open');
        await tab.pay();
        await tab.refusal();
        await isWhole(tab, 'incomplete');
        await tab.fillCard(testCard('chargeDeclinedInsufficientFunds').number);
        await tab.pay();
        expect(await tab.refusal()).toContain('not enough money');
        await isWhole(tab, 'declined');
        await tab.fillCard(testCard('threeDSecure2Required').number);
        await tab.pay();
        await tab.challenge.locator('#close').waitFor();
        await isWhole(tab, 'bank');
        await tab.answerBank('close');
        await tab.shows('action');
        await isWhole(tab, 'action');
        await tab.page.click('#verify');
        await tab.answerBank('complete');
        await tab.shows('succeeded');
        await isWhole(tab, 'succeeded');
        await tab.page.reload();
        expect(await tab.page.locator('h2').innerText()).toBe('Already paid');
        await isWhole(tab, 'complete');

        const debit = await CheckoutTab.open(context, (await shop.payment()).url);
        await debit.fillBankAccount(holder);
        await isWhole(debit, 'bank-account');
        await debit.pay();
        await debit.shows('processing');
        await isWhole(debit, 'processing');

        const expired = await shop.payment();
        await shop.expire(expired);
        await isWhole(await CheckoutTab.open(context, expired.url), 'expired');
        await isWhole(await CheckoutTab.open(context, `${expired.url.slice(0, -4)}AAAA`), 'unknown');
        await context.route('**/endive/stripe.js', (route) => route.abort());
        const blocked = await CheckoutTab.open(context, (await shop.payment()).url);
        await blocked.shows('unloaded');
        await isWhole(blocked, 'unloaded');
      }),
    60_000,
  );

  it('is served with the scripts and the headers that were authorised', async () => {
    const { url } = await shop.payment();
    const { code, out } = await runCommand(pciCommand(), ['scripts', 'check', '--url', url]);
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('each of its 2 scripts and its headers are as the inventory says'),
    ]);
  });

  it('tells those without JavaScript what is missing', async () => {
    const context = await CheckoutTab.context(browser, { javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto((await shop.payment()).url);
    expect(await page.locator('noscript').innerText()).toContain('needs JavaScript');
    await context.close();
  });

  it('has sent no digit of a card to us, in no address, header or body', async () => {
    const sent = (await Promise.all(recordings.map((recording) => recording.requests()))).flat();
    const ours = sent.filter(({ url }) => url.startsWith(standalone.url));
    expect(ours.filter(({ url }) => url.endsWith('/confirm')).length).toBeGreaterThan(chosenCards.length);
    expect(cardNumbersIn(ours.map((each) => JSON.stringify(each)).join('\n'), [...cards.keys()])).toEqual([]);
    // They went where they belong, in bodies; and nothing went anywhere else.
    const theirs = sent.filter(({ url }) => url.startsWith(`${standalone.sandboxUrl}/v1/confirmation_tokens`));
    expect(cardNumbersIn(theirs.map(({ body }) => body).join('\n'), [visa])).toEqual([visa]);
    expect(cardNumbersIn(sent.map(({ url }) => url).join('\n'), [...cards.keys()])).toEqual([]);
    const hosts = new Set(sent.map(({ url }) => new URL(url).origin));
    expect([...hosts].filter((origin) => ![standalone.url, standalone.sandboxUrl].includes(origin))).toEqual([]);
  });
});
