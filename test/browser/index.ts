/** Debian's chromium, driven by playwright-core: https://playwright.dev/docs/api/class-browsertype. */
import { existsSync } from 'node:fs';

import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';

export { cardNumbersIn } from './card-digits.js';
export { asks, cards, chosenCards } from './cards.js';
export { Shop } from './checkout-shop.js';
export type { Session } from './checkout-shop.js';
export { CheckoutTab } from './checkout-tab.js';
export type { Heard } from './checkout-tab.js';
export { putScriptsInto, reachIntoFrame, wasTaken } from './intruder.js';
export { Recording } from './recording.js';
export type { Sent } from './recording.js';
export { seriousFaults } from './accessibility.js';

export const browserPath = '/usr/bin/chromium';
const launchLimit_ms = 30_000;

/** Nothing of its own goes out: no update, no account, no safe-browsing list. Every host but loopback is one that nobody has heard of. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

/** Starts it with an empty folder for the user's data, which goes with it. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: browserPath, args: flags, timeout: launchLimit_ms });

const missing = `no browser at ${browserPath}: install it (apt-get install chromium)`;

/** A suite that needs the browser. Without it the suite says so in one line and is skipped; in CI it fails. */
export const describeWithBrowser = (name: string, suite: () => void): void => {
  if (existsSync(browserPath)) {
    describe(name, suite);
    return;
  }
  const isCi = process.env.CI === 'true';
  if (!isCi) process.stderr.write(`${name}: skipped, ${missing}\n`);
  const declare = isCi ? describe : describe.skip;
  declare(`${name} (${missing})`, () => {
    it('needs a browser', () => {
      throw new Error(missing);
    });
  });
};
