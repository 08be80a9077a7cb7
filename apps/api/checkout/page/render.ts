import { amountText } from './amount.js';
import { assetIntegrity, assetUrl } from './assets.js';
import type { Html } from './html.js';
import { html } from './html.js';
import type { PanelName } from './panels.js';
import { panel } from './panels.js';
import type { PageView } from './view.js';

/** Panels that an open page may come to show. */
const later: readonly PanelName[] = [
  'succeeded',
  'processing',
  'action',
  'expired',
  'complete',
  'unknown',
  'unavailable',
  'unloaded',
];

/**
 * The whole page, for whoever opens it in a browser. `nonce` is that of the Content-Security-Policy it is sent with: only what
 * carries it is run or styled. Scripts are there while there is something to pay, and not otherwise. Throws CurrencyUnknown.
 */
export const renderPage = (view: PageView, nonce: string): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex, nofollow" />
        <meta name="referrer" content="strict-origin" />
        <title>${titleOf(view)}</title>
        <link rel="icon" href="${assetUrl('checkout.svg')}" />
        <link
          rel="stylesheet"
          href="${assetUrl('checkout.css')}"
          integrity="${assetIntegrity('checkout.css')}"
          nonce="${nonce}"
        />
        ${view.state === 'open' ? scripts(view, nonce) : undefined}
      </head>
      <body>
        <main class="sheet">
          ${order(view)} ${view.state === 'open' ? open(view) : panel(view.state, view, { isHidden: false })}
        </main>
        ${footer(view)}
      </body>
    </html> `.text;

/** Pages that tell nothing of a session. */
const bare: ReadonlySet<PageView['state']> = new Set(['unknown', 'over', 'busy', 'returned']);

const titleOf = ({ mode, merchant, state }: PageView): string => {
  if (bare.has(state)) return 'Checkout';
  const what = mode === 'payment' ? 'Pay' : 'Save a payment method';
  return merchant === '' ? what : `${what} · ${merchant}`;
};

/** Stripe.js has no integrity: Stripe changes what is at its address, and allows no copy. */
const scripts = ({ stripeJs }: PageView, nonce: string): Html =>
  html`<script src="${stripeJs}" nonce="${nonce}" defer></script>
    <script
      type="module"
      src="${assetUrl('checkout.js')}"
      integrity="${assetIntegrity('checkout.js')}"
      nonce="${nonce}"
    ></script>`;

const isTest = ({ publishableKey }: PageView): boolean => publishableKey.startsWith('pk_test_');

const order = (view: PageView): Html | undefined => {
  if (bare.has(view.state)) return undefined;
  const { mode, merchant, amount, currency, description } = view;
  const heading = mode === 'payment' ? (merchant === '' ? 'Pay' : `Pay ${merchant}`) : 'Save a payment method';
  return html`<header class="order">
    ${isTest(view) ? html`<p class="test">Test mode: no money moves</p>` : undefined}
    <h1>${heading}</h1>
    ${amount !== undefined && currency !== undefined ? html`<p class="amount">${amountText(amount, currency)}</p>` : undefined}
    ${mode === 'setup' && merchant !== '' ? html`<p class="description">for later payments to ${merchant}</p>` : undefined}
    ${description !== undefined && description !== '' ? html`<p class="description">${description}</p>` : undefined}
  </header>`;
};

const open = (view: PageView): Html => {
  const { mode, amount, currency, captureMethod, token, publishableKey, methodTypes, cancelUrl, successUrl } = view;
  const isPriced = amount !== undefined && currency !== undefined;
  const label = mode === 'payment' ? `Pay${isPriced ? ` ${amountText(amount, currency)}` : ''}` : 'Save payment method';
  return html`<noscript
      ><p class="error">
        This page needs JavaScript: your payment details go straight from your browser to Stripe, and a script of
        Stripe's does that. Allow it, and load the page again.
      </p></noscript
    >
    <div
      id="checkout"
      data-token="${token}"
      data-mode="${mode}"
      data-amount="${amount}"
      data-currency="${currency}"
      data-capture="${captureMethod}"
      data-methods="${methodTypes.join(' ')}"
      data-key="${publishableKey}"
      data-success="${successUrl}"
    >
      <form data-panel="form" novalidate>
        <div id="payment" class="fields"></div>
        <p id="loading" class="loading">Loading the payment form…</p>
        <p id="error" class="error" role="alert"></p>
        <button id="pay" class="button" type="submit" disabled>
          <span class="spinner" aria-hidden="true"></span><span id="label">${label}</span>
        </button>
        ${cancelUrl === undefined ? undefined : html`<a class="cancel" href="${cancelUrl}" rel="noreferrer">Cancel</a>`}
      </form>
      ${later.map((name) => panel(name, view, { isHidden: true }))}
      <p id="notice" class="notice" role="status"></p>
    </div>`;
};

const footer = ({ state }: PageView): Html | undefined =>
  state === 'open'
    ? html`<footer>Your payment details go straight to Stripe. Neither this page nor the shop sees them.</footer>`
    : undefined;
