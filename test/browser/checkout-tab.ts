import type { Browser, BrowserContext, BrowserContextOptions, FrameLocator, Page } from 'playwright-core';

/** A message that a window of our page was sent. */
export interface Heard {
  origin: string;
  data: string;
}

/** How long the page may take for anything; what it waits for itself is shorter. */
const limit_ms = 15_000;

/** Two years on: no card of the tests has expired. */
const expiry = `12${String(new Date().getUTCFullYear() + 2).slice(2)}`;

/** A person with the checkout page before them. */
export class CheckoutTab {
  private constructor(
    readonly page: Page,
    readonly url: string,
  ) {}

  /** A browser of its own as far as cookies, cache and network go. */
  static context(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
    return browser.newContext({ viewport: { width: 900, height: 800 }, reducedMotion: 'reduce', ...options });
  }

  /** Opens a page. Nothing in it is waited for. */
  static async open(context: BrowserContext, url: string): Promise<CheckoutTab> {
    const page = await context.newPage();
    page.setDefaultTimeout(limit_ms);
    // What an injected script could do in our window: hear every message that comes, and every key that is pressed.
    await page.addInitScript(() => {
      const window = globalThis as unknown as {
        heard: unknown[];
        keys: number;
        addEventListener: (name: string, then: (event: { origin: string; data: unknown }) => void, all: true) => void;
      };
      window.heard = [];
      window.keys = 0;
      const note = ({ origin, data }: { origin: string; data: unknown }) =>
        window.heard.push({ origin, data: JSON.stringify(data) });
      window.addEventListener('message', note, true);
      for (const name of ['keydown', 'keypress', 'input', 'beforeinput'])
        window.addEventListener(name, () => (window.keys += 1), true);
    });
    const tab = new CheckoutTab(page, url);
    await page.goto(url);
    return tab;
  }

  /** Stripe's frame with the fields. */
  get fields(): FrameLocator {
    return this.page.frameLocator('#payment iframe');
  }

  /** The bank's frame. */
  get challenge(): FrameLocator {
    return this.page.frameLocator('dialog iframe');
  }

  async fillCard(number: string): Promise<void> {
    await this.page.locator('#pay:enabled').waitFor();
    await this.fields.locator('#number').fill(number);
    await this.fields.locator('#expiry').fill(expiry);
    await this.fields.locator('#cvc').fill(/^3[47]/.test(number) ? '1234' : '123');
    await this.fields.locator('#postal').fill('94107');
  }

  async fillBankAccount(holder: { name: string; email: string }): Promise<void> {
    await this.page.locator('#pay:enabled').waitFor();
    await this.fields.getByText('US bank account').click();
    await this.fields.locator('#holder').fill(holder.name);
    await this.fields.locator('#email').fill(holder.email);
    await this.fields.locator('#connect-account').click();
    await this.fields.locator('#link-account').click();
  }

  pay(): Promise<void> {
    return this.page.locator('#pay').click();
  }

  /** Answers the bank; `close` goes away without. */
  async answerBank(how: 'complete' | 'fail' | 'close'): Promise<void> {
    await this.challenge.locator(`#${how}`).click();
  }

  /** Resolves once this panel is shown. */
  async shows(panel: string): Promise<void> {
    await this.page.locator(`[data-panel="${panel}"]`).waitFor({ state: 'visible' });
  }

  /** What the payer is told is wrong, once something is. */
  async refusal(): Promise<string> {
    const told = this.page.locator('#error:not(:empty)');
    await told.waitFor();
    return told.innerText();
  }

  /** What came of pressing the button: a panel, the bank's question, or a refusal. */
  async outcome(): Promise<'succeeded' | 'processing' | 'bank' | 'refused'> {
    const seen = await this.page.waitForFunction(() => {
      const { document } = globalThis as unknown as {
        document: { querySelector: (selector: string) => { textContent: string } | null };
      };
      if (document.querySelector('dialog[open] iframe')) return 'bank';
      if (document.querySelector('[data-panel="succeeded"]:not([hidden])')) return 'succeeded';
      if (document.querySelector('#look') && document.querySelector('[data-panel="processing"]:not([hidden])'))
        return 'processing';
      return document.querySelector('#error:not(:empty)') ? 'refused' : undefined;
    });
    return (await seen.jsonValue()) as 'succeeded';
  }

  /** Every message that our window was sent. */
  heard(): Promise<Heard[]> {
    return this.page.evaluate(() => (globalThis as unknown as { heard: Heard[] }).heard);
  }

  /** How many keys and inputs our window took notice of. */
  keys(): Promise<number> {
    return this.page.evaluate(() => (globalThis as unknown as { keys: number }).keys);
  }
}
