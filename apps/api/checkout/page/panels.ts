import { Html, html } from './html.js';
import type { PageView } from './view.js';

/** What the page can say instead of the form. The script shows one of them at a time; it knows them by these names. */
export type PanelName = 'succeeded' | 'processing' | 'action' | 'unloaded' | Exclude<PageView['state'], 'open'>;

interface Words {
  icon: keyof typeof icons;
  title: string;
  text: string;
  /** Buttons and links. */
  more?: Html | undefined;
}

const icon = (tone: string, shape: string): Html =>
  new Html(
    `<svg class="icon ${tone}" viewBox="0 0 48 48" width="48" height="48" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><circle cx="24" cy="24" r="21"/>${shape}</svg>`,
  );

const icons = {
  done: icon('good', '<path d="m15 24.5 6.5 6.5L33.5 18"/>'),
  waits: icon('calm', '<path d="M24 13v11l7 5"/>'),
  asks: icon('calm', '<path d="M24 13.5v13"/><path d="M24 33.5v.1"/>'),
  gone: icon('muted', '<path d="M16 24h16"/>'),
};

/** A panel; hidden unless it is what the page was served with. */
export const panel = (name: PanelName, view: PageView, { isHidden }: { isHidden: boolean }): Html => {
  const { icon, title, text, more } = words[name](view);
  return html`<section class="panel" data-panel="${name}" ${isHidden ? html` hidden` : undefined}>
    ${icons[icon]}
    <h2 tabindex="-1">${title}</h2>
    <p>${text}</p>
    ${more}
  </section>`;
};

const merchantOr = ({ merchant }: PageView, other: string): string => (merchant === '' ? other : merchant);

/** A link back to the merchant; a page that came without the address has none. */
const linkBack = (view: PageView, url: string | undefined): Html | undefined =>
  url === undefined
    ? undefined
    : html`<a class="button" href="${url}" rel="noreferrer">Return to ${merchantOr(view, 'the shop')}</a>`;

/** Whether what was confirmed is not charged yet. */
const isHeld = ({ captureMethod, isCharged }: PageView): boolean => captureMethod === 'manual' && !isCharged;

/** To be said after other words; nothing where the amount is charged at once. */
const chargedLater = (view: PageView): string =>
  isHeld(view) ? ` The amount is held for now: you are charged later, by ${merchantOr(view, 'the shop')}.` : '';

const words: Readonly<Record<PanelName, (view: PageView) => Words>> = {
  succeeded: (view) => ({
    icon: 'done',
    title: view.mode === 'setup' ? 'Payment method saved' : isHeld(view) ? 'Payment authorised' : 'Payment received',
    text: `Thank you.${chargedLater(view)}${view.successUrl === undefined ? ' You can close this page.' : ''}`,
    more: linkBack(view, view.successUrl),
  }),
  processing: (view) => ({
    icon: 'waits',
    title: view.mode === 'payment' ? 'Your payment is on its way' : 'Your payment method is being saved',
    text: `There is nothing more to do. A bank account can take some days; you can close this page, and ${merchantOr(view, 'the shop')} will know how it ended.`,
    more: html`<button type="button" class="button quiet" id="look">Check again</button>`,
  }),
  action: (view) => ({
    icon: 'asks',
    title:
      view.mode === 'payment'
        ? 'Your bank wants to verify it is you'
        : 'Your bank wants to verify it is you before the payment method is saved',
    text:
      view.mode === 'payment'
        ? 'Nothing is taken until you have done so. No other card can be used meanwhile: the bank may still say yes to this one, and you would pay twice.'
        : 'Nothing is saved until you have done so. No other card can be used meanwhile: the bank may still say yes to this one.',
    more: html`<button type="button" class="button" id="verify">Continue verification</button>`,
  }),
  expired: (view) => ({
    icon: 'gone',
    title: 'This page has expired',
    text: `Nothing was taken by it. Ask ${merchantOr(view, 'the shop')} for a new link.`,
    more: linkBack(view, view.cancelUrl),
  }),
  complete: (view) => ({
    icon: 'done',
    title: view.mode === 'setup' ? 'Already saved' : isHeld(view) ? 'Payment authorised' : 'Already paid',
    text: `There is nothing left to do here, and nothing will be ${view.mode === 'payment' ? 'charged' : 'saved'} twice.${chargedLater(view)}`,
    more: linkBack(view, view.successUrl),
  }),
  unknown: () => ({
    icon: 'gone',
    title: 'This page does not exist',
    text: 'The link may have been cut off: open it again from where you found it, or ask for a new one.',
  }),
  over: () => ({
    icon: 'gone',
    title: 'This page is over',
    text: 'There is nothing left to do here.',
  }),
  busy: () => ({
    icon: 'waits',
    title: 'This page was opened too often',
    text: 'Nothing was taken by that. Wait a minute, and load it again.',
  }),
  returned: () => ({
    icon: 'waits',
    title: 'Back to your payment',
    text: 'Go back to the page on which you were paying: open its link again if you have closed it. It tells how it stands.',
  }),
  unavailable: (view) => ({
    icon: 'gone',
    title: view.mode === 'payment' ? 'Nothing can be paid here now' : 'Nothing can be saved here now',
    text: `Nothing was taken. Ask ${merchantOr(view, 'the shop')}.`,
    more: linkBack(view, view.cancelUrl),
  }),
  unloaded: () => ({
    icon: 'asks',
    title: 'The payment form could not be loaded',
    text: 'Nothing was taken. Check your connection, or whether a content blocker keeps js.stripe.com from loading.',
    more: html`<button type="button" class="button" id="reload">Load it again</button>`,
  }),
};
