/**
 * What runs in the payer's browser, as a module. Stripe's frame holds the fields; this asks Stripe.js for a confirmation token, hands
 * its id to our server, which alone confirms, and shows what became of it. Nothing is ever sent that could be charged twice: while
 * the server has not answered for a token, that token is asked about again, and no other is made.
 */
/* global AbortSignal, Headers, URL, document, fetch, location, navigator, setTimeout, window */

/**
 * @typedef {{
 *   status: 'open' | 'expired' | 'unknown' | 'unavailable' | 'succeeded' | 'processing' | 'requires_action' | 'failed',
 *   clientSecret?: string,
 *   error?: { code?: string, declineCode?: string, message?: string },
 *   isElsewhere?: boolean,
 * }} Outcome as the server tells it; `isElsewhere`: of what was begun in another tab
 */

/** The server did not say what became of the request: it may have been done. */
class NoAnswer extends Error {}

const answerLimit_ms = 20_000;
const confirmAgain_ms = [1_000, 3_000];
/** Every half second at first, then more slowly: a minute and a half in all. */
const follow_ms = [...Array(6).fill(500), ...Array(20).fill(1_500), ...Array(20).fill(3_000)];
/** What other tabs do is looked for while the page is seen: for half an hour, and again whenever the payer comes back to it. */
const watch_ms = 5_000;
const watchLimit = 360;
const onward_ms = 2_500;
/** What a bank asks without a break: a bound, for what nobody should ever meet. */
const maxActions = 3;
const fieldsLimit_ms = 30_000;

const root = byId('checkout');
const { token: pageToken = '', mode, amount, currency, capture, methods = '', key = '', success = '' } = root.dataset;
const panels = [.../** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('[data-panel]'))];
const pay = /** @type {HTMLButtonElement} */ (byId('pay'));
const payLabel = byId('label').textContent;
const dark = window.matchMedia('(prefers-color-scheme: dark)');

let shown = 'form';
let isBusy = false;
/** Goes up with each new wait, so that an older one ends. */
let following = 0;
let watched = 0;
/** Of the confirmation that the server has not answered for. @type {string | undefined} */
let unanswered;
/** @type {string | undefined} */
let clientSecret;
/** Begun since the payer pressed a button. */
let actions = 0;
/** @type {StripeJs.Client} */
let stripe;
/** @type {StripeJs.Elements} */
let elements;

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is not in the page`);
  return found;
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- What is shown

/** @param {string} text */
const notice = (text) => {
  byId('notice').textContent = text;
};

/** @param {string} text */
const refuse = (text) => {
  byId('error').textContent = text;
};

/** @param {boolean} busy */
const setBusy = (busy) => {
  isBusy = busy;
  for (const button of [pay, byId('verify'), byId('look')]) {
    button.setAttribute('aria-disabled', String(busy)); // not `disabled`, which would take the focus away
    button.setAttribute('aria-busy', String(busy));
  }
};

/** @param {string} name */
const show = (name) => {
  if (shown === name) return;
  shown = name;
  notice('');
  for (const panel of panels) panel.hidden = panel.dataset.panel !== name;
  const panel = panels.find(({ hidden }) => !hidden);
  /** @type {HTMLElement | null | undefined} */ (panel?.querySelector('h2, #pay'))?.focus();
};

/** @param {string} label */
const labelPay = (label) => {
  byId('label').textContent = label;
};

// ---- Our server

/**
 * @param {'confirm' | 'action' | 'status'} what
 * @param {object} [body]
 * @returns {Promise<Outcome>} and throws NoAnswer
 */
const ask = async (what, body) => {
  const headers = new Headers({ accept: 'application/json' });
  if (body) headers.set('content-type', 'application/json');
  const request = { method: body ? 'POST' : 'GET', headers, cache: /** @type {const} */ ('no-store') };
  /** @type {Response} */
  let response;
  let answer;
  try {
    response = await fetch(`/checkout/${pageToken}/${what}`, {
      ...request,
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerLimit_ms),
    });
    answer = await response.json();
  } catch {
    throw new NoAnswer();
  }
  if (response.ok) return answer;
  if (response.status === 404) return { status: 'unknown' };
  if (response.status === 403) return { status: 'unavailable' }; // the merchant was suspended
  if (response.status >= 500 || response.status === 429) throw new NoAnswer();
  // What cannot be confirmed now: it was already, another tab is at it, or it is too late. The status says which.
  if (response.status === 409 || response.status === 410)
    return what === 'status' ? { status: 'expired' } : { ...(await ask('status')), isElsewhere: true };
  return { status: 'failed', error: { message: 'This could not be taken. Check what you entered and try again.' } };
};

/**
 * Asks, again where there is no answer.
 * @param {'confirm' | 'action'} what
 * @param {object} body
 * @returns {Promise<Outcome>} and throws NoAnswer
 */
const askAgain = async (what, body) => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask(what, body);
    } catch (error) {
      const wait = confirmAgain_ms[attempt];
      if (!(error instanceof NoAnswer) || wait === undefined) throw error;
      notice('The connection was lost. Trying again…');
      await pause(wait);
    }
  }
};

const confirm = () => askAgain('confirm', { confirmationToken: unanswered });

/** Says that the payer has done what their bank asked: the server looks whether it is so, and confirms, which nobody else can. */
const finish = () => askAgain('action', {});

/**
 * Asks for the status until it is no longer one of `unsettled`; undefined where it still is at the end, or somebody else waits by then.
 * @param {readonly string[]} unsettled
 * @param {readonly number[]} waits
 */
const follow = async (unsettled, waits = follow_ms) => {
  const mine = ++following;
  for (const wait of waits) {
    await pause(wait);
    if (mine !== following) return undefined;
    const outcome = await ask('status').catch(() => undefined); // no answer: the next look may have one
    if (mine !== following) return undefined;
    if (outcome && !unsettled.includes(outcome.status)) return outcome;
  }
  return undefined;
};

// ---- What becomes of it

/**
 * Shows an outcome. What the bank asks for is begun at once where the payer has just pressed the button.
 * @param {Outcome} outcome
 * @param {{ isPressed?: boolean }} [how]
 * @returns {Promise<void>}
 */
const settle = async (outcome, { isPressed = false } = {}) => {
  unanswered = undefined;
  notice(''); // what was waited for is over
  clientSecret = outcome.clientSecret;
  labelPay(payLabel);
  switch (outcome.status) {
    case 'succeeded':
      return succeed(isPressed);
    case 'requires_action':
      if (isPressed && clientSecret && actions < maxActions) return authenticate();
      return show('action');
    case 'processing': {
      show('processing');
      const next = await follow(['processing']);
      return next && settle(next, { isPressed });
    }
    case 'failed':
      show('form');
      return refuse(outcome.error?.message ?? 'Your payment was declined. Try another way to pay.');
    case 'open':
      return show('form');
    default:
      return show(outcome.status);
  }
};

/**
 * Only the tab in which it was paid goes back by itself.
 * @param {boolean} isPressed
 */
const succeed = async (isPressed) => {
  show('succeeded');
  const target = URL.canParse(success) ? new URL(success) : undefined;
  if (!isPressed || !target || !/^https?:$/.test(target.protocol)) return;
  notice('You will be taken back in a moment.');
  await pause(onward_ms);
  location.assign(target);
};

/**
 * Lets Stripe.js do what the bank asks for.
 * @param {string} secret
 * @returns {Promise<boolean>} whether the payer went away before it was done
 */
const act = async (secret) => {
  let result;
  try {
    result = await stripe.handleNextAction({ clientSecret: secret });
  } catch {
    return false; // nothing is left to be done, or it cannot be: the server looks which
  }
  const { paymentIntent, setupIntent, error } = result;
  const intent = paymentIntent ?? setupIntent ?? error?.payment_intent ?? error?.setup_intent;
  return intent ? intent.status === 'requires_action' : error !== undefined;
};

/** Has the server look whether the payer has done it, and shows what came of that. */
const settleFinished = async () => {
  let outcome;
  try {
    outcome = await finish();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    show('action');
    return notice('The connection was lost. Try again: you will not be charged twice.');
  }
  return settle(outcome, { isPressed: true });
};

/** Goes through what the bank asks for. What is paid is confirmed by the server then; of what is saved it hears from Stripe. */
const authenticate = async () => {
  if (!clientSecret) return;
  actions++;
  notice('Waiting for your bank…');
  const isLeft = await act(clientSecret);
  if (!isLeft) notice('Confirming…');
  if (!isLeft && mode === 'payment') return settleFinished();
  const next = await follow(['requires_action'], isLeft ? follow_ms.slice(0, 2) : follow_ms);
  if (next) return settle(next, { isPressed: true });
  show('action');
  notice(isLeft ? 'The verification was not finished.' : 'Your bank has not answered yet.');
};

/** Goes on with what was left: it may have been done, and only the confirmation be missing. */
const goOn = () => (mode === 'payment' ? settleFinished() : authenticate());

/** Makes a confirmation token of what the payer entered. @returns {Promise<string | undefined>} undefined where that could not be */
const makeToken = async () => {
  const submitted = await elements.submit();
  if (submitted.error) {
    refuse(submitted.error.message ?? 'Check what you entered.');
    return undefined;
  }
  const { confirmationToken, error } = await stripe.createConfirmationToken({
    elements,
    params: { return_url: `${location.origin}/checkout/return` }, // not this page's own: its link opens it
  });
  if (!confirmationToken) refuse(error?.message ?? 'Your details could not be sent to Stripe. Try again.');
  return confirmationToken?.id;
};

/**
 * Runs one thing at a time: a second press while one runs does nothing.
 * @param {() => Promise<void>} work
 */
const once = async (work) => {
  if (isBusy) return;
  setBusy(true);
  following++;
  actions = 0;
  refuse('');
  notice('');
  try {
    await work();
  } catch (error) {
    lost(error);
  } finally {
    setBusy(false);
  }
};

/** @param {unknown} error */
const lost = (error) => {
  notice('');
  if (!(error instanceof NoAnswer)) {
    refuse('Something went wrong in this page. Load it again: it will tell how your payment stands.');
    throw error;
  }
  if (unanswered) labelPay('Try again');
  refuse(
    unanswered
      ? 'The connection was lost before we heard whether you paid. Try again: you will not be charged twice.'
      : 'The connection was lost. Try again.',
  );
};

const submit = () =>
  once(async () => {
    if (!navigator.onLine) return refuse('You are offline. Nothing was sent: try again once you are connected.');
    unanswered ??= await makeToken();
    if (!unanswered) return;
    const outcome = await confirm();
    await settle(outcome, { isPressed: !outcome.isElsewhere });
  });

/** Which outcomes each panel stands for already. @type {Readonly<Record<string, readonly string[]>>} */
const stands = {
  form: ['open', 'failed'],
  unloaded: ['open', 'failed'],
  processing: ['processing'],
  action: ['requires_action'],
};

/** Asks how it stands, and shows it where it is something else than what is shown. */
const look = async () => {
  const outcome = await ask('status');
  if (!stands[shown]?.includes(outcome.status)) await settle(outcome);
  else clientSecret = outcome.clientSecret ?? clientSecret;
};

/** Another tab may have paid, or the bank may have answered. */
const watch = async () => {
  for (; watched < watchLimit; watched++) {
    await pause(watch_ms);
    const isOver = !['form', 'processing', 'action'].includes(shown);
    if (isOver) return;
    if (!isBusy && !unanswered && document.visibilityState === 'visible') await look().catch(() => undefined);
  }
};

// ---- The fields, which are Stripe's

const appearance = () => ({
  theme: dark.matches ? 'night' : 'stripe',
  variables: { colorPrimary: dark.matches ? '#a5b0ff' : '#3f51d8', borderRadius: '8px', spacingUnit: '4px' },
});

/** Throws where Stripe.js was not loaded, or refuses what it is given. */
const mount = () => {
  if (!window.Stripe) throw new Error('Stripe.js was not loaded');
  stripe = window.Stripe(key);
  elements = stripe.elements({
    mode,
    ...(amount && { amount: Number(amount) }),
    ...(currency && { currency }),
    ...(capture === 'manual' && { captureMethod: capture }),
    ...(mode === 'setup' && { setupFutureUsage: 'off_session' }),
    paymentMethodTypes: methods.split(' '),
    appearance: appearance(),
  });
  const fields = elements.create('payment', { layout: 'tabs' });
  fields.on('ready', () => {
    byId('loading').hidden = true;
    pay.disabled = false;
    if (shown === 'unloaded') show('form'); // later than was waited for
  });
  fields.on('change', () => {
    if (!isBusy && !unanswered) refuse('');
  });
  fields.on('loaderror', () => show('unloaded'));
  fields.mount(byId('payment'));
  setTimeout(() => pay.disabled && shown === 'form' && show('unloaded'), fieldsLimit_ms);
  dark.addEventListener('change', () => elements.update({ appearance: appearance() }));
};

byId('reload').addEventListener('click', () => location.reload());
byId('verify').addEventListener('click', () => once(goOn));
byId('look').addEventListener('click', () => once(look));
pay.form?.addEventListener('submit', (event) => {
  event.preventDefault();
  void submit();
});
window.addEventListener('offline', () => notice('You are offline.'));
window.addEventListener('online', () => {
  notice('');
  if (unanswered) void submit();
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible' || isBusy || unanswered) return;
  const hasEnded = watched >= watchLimit;
  watched = 0;
  if (hasEnded) void watch();
  look().catch(() => undefined);
});

try {
  mount();
} catch {
  show('unloaded');
}
look().catch(() => undefined); // paid, or begun, before it was loaded; where there is no answer, paying will tell
void watch();
