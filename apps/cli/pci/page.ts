import { createHash } from 'node:crypto';

import { readCheckoutSettings } from '#platform/configuration';

import type { Scan } from './scan.js';
import { scanPage } from './scan.js';

/** A payment page as a browser would get it. */
export interface LoadedPage extends Scan {
  url: URL;
  /** The integrity of what each script of the page's own origin really is, by its `src`. */
  contents: ReadonlyMap<string, string>;
  /** Undefined where the page was not fetched, so that there are none. */
  headers: Headers | undefined;
}

/** What `apps/api/checkout/page` gives. */
interface BuiltPage {
  renderPage: (view: object, nonce: string) => string;
  assets: ReadonlyMap<string, { body: Buffer }>;
}

/** Raised for a page that could not be looked at: nothing is known of it, neither good nor bad. */
export class PageUnavailable extends Error {}

const limit_ms = 15_000;
const limit_bytes = 2_000_000;

/** As `integrity` of the page has it. */
const integrityOf = (body: Uint8Array): string => `sha384-${createHash('sha384').update(body).digest('base64')}`;

/** Where this build loads Stripe.js from in production. */
const ownStripeJs = (): string => readCheckoutSettings({ BILLING_ENV: 'production' }).stripeJs;

/** The page that this build would serve in production; `stripeJs`: as its settings have it, never as the inventory does. */
export const builtPage = async (stripeJs = ownStripeJs()): Promise<LoadedPage> => {
  // Another app's, opened by its path as the supervisor opens the apps: what is checked is what that app serves.
  const path = ['../../api', 'checkout/page/index.js'].join('/');
  const { renderPage, assets } = (await import(path)) as BuiltPage;
  const view = { state: 'open', mode: 'payment', token: 'token', merchant: 'Merchant', amount: 100, currency: 'usd' };
  const text = renderPage({ ...view, methodTypes: ['card'], publishableKey: 'pk_live_built', stripeJs }, 'nonce');
  const scan = scanPage(text);
  const url = new URL('https://built.invalid/checkout/token');
  const contents = ownScripts(scan, url).flatMap(({ src, address }): [string, string][] => {
    const asset = assets.get(address.pathname.split('/').at(-1) ?? '');
    return asset ? [[src, integrityOf(asset.body)]] : [];
  });
  return { ...scan, url, contents: new Map(contents), headers: undefined };
};

/** The page at an address of an open checkout session. Throws PageUnavailable for one that cannot be fetched, or that takes no payment. */
export const livePage = async (url: URL): Promise<LoadedPage> => {
  const page = await fetched(url);
  const scan = scanPage(page.body.toString('utf8'));
  if (scan.scripts.length === 0)
    throw new PageUnavailable(
      `the page at ${url.origin} takes no payment (HTTP ${page.status}): give the address of an open session`,
    );
  const contents = new Map<string, string>();
  for (const { src, address } of ownScripts(scan, url)) {
    const { status, body } = await fetched(address);
    contents.set(src, status === 200 ? integrityOf(body) : `HTTP ${status}`);
  }
  return { ...scan, url, contents, headers: page.headers };
};

const ownScripts = ({ scripts }: Scan, url: URL): { src: string; address: URL }[] =>
  scripts.flatMap(({ src }) => {
    if (src === undefined || !URL.canParse(src, url)) return [];
    const address = new URL(src, url);
    return address.origin === url.origin ? [{ src, address }] : [];
  });

const fetched = async (url: URL): Promise<{ status: number; headers: Headers; body: Buffer }> => {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(limit_ms) });
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += (chunk as Uint8Array).length;
      if (length > limit_bytes) throw new Error(`more than ${limit_bytes} bytes`);
      chunks.push(chunk as Uint8Array);
    }
    return { status: response.status, headers: response.headers, body: Buffer.concat(chunks) };
  } catch (error) {
    const { message, cause } = error as Error; // the path is a payer's token: it is not told
    throw new PageUnavailable(`${url.origin} cannot be fetched: ${cause instanceof Error ? cause.message : message}`, {
      cause: error,
    });
  }
};
