/* global AbortSignal, ResizeObserver, URLSearchParams, document, fetch, window */
/** The payment form: a card or a bank account becomes a confirmation token here, and what was typed goes no further. */
import { applyAppearance, scheme } from './appearance.js';
import { bankFields } from './bank-fields.js';
import { cardFields } from './card-fields.js';
import { listen, tell } from './channel.js';

const ANSWER_TIMEOUT_MS = 20_000;
const known = ['card', 'us_bank_account'];
const unreachable = {
  type: 'api_connection_error',
  message:
    'We are experiencing issues connecting to our payments provider. You have not been charged. Please check your internet connection ' +
    'and try again.',
};

let publishableKey = '';
let type = 'card';

const changed = () => {
  const fields = all[type];
  tell({ type: 'change', complete: fields.isComplete(), empty: fields.isEmpty(), value: { type } });
};

const all = { card: cardFields(changed), us_bank_account: bankFields(changed) };

const choose = (chosen) => {
  type = chosen;
  for (const each of known) document.querySelector(`#${each}`).hidden = each !== chosen;
  document.querySelector(`[name=method][value=${chosen}]`).checked = true;
};

const look = (appearance) => {
  applyAppearance(appearance);
  tell({ type: 'scheme', scheme: scheme() });
};

const configure = (options) => {
  publishableKey = options.publishableKey;
  const offered = known.filter((each) => options.methodTypes?.includes(each) ?? true);
  for (const each of known)
    document.querySelector(`[name=method][value=${each}]`).parentElement.hidden = !offered.includes(each);
  document.querySelector('#methods').hidden = offered.length < 2;
  choose(offered[0] ?? 'card');
  look(options.appearance);
  all.us_bank_account.fill(options.billingDetails);
};

/** `{ billing_details: { name: 'J' } }` as `payment_method_data[billing_details][name]=J`. */
const flattened = (value, name) => {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, each]) => flattened(each, name === '' ? key : `${name}[${key}]`));
  }
  return value === undefined || value === null ? [] : [[name, String(value)]];
};

/** What the page may say of the payment: nothing that is typed here. */
const saidByPage = ({ return_url, shipping, payment_method_data: data = {}, setup_future_usage }) =>
  flattened(
    {
      return_url,
      shipping,
      setup_future_usage,
      payment_method_data: { billing_details: data.billing_details, allow_redisplay: data.allow_redisplay },
    },
    '',
  );

/** Makes the token. Gives its id and its kind to the page: not the card. */
const createToken = async (params) => {
  const body = new URLSearchParams(saidByPage(params));
  body.set('payment_method_data[type]', type);
  for (const [name, value] of Object.entries(all[type].parameters())) body.set(name, value);
  body.set('use_stripe_sdk', 'true');
  try {
    const response = await fetch('/v1/confirmation_tokens', {
      method: 'POST',
      headers: { Authorization: `Bearer ${publishableKey}` },
      body,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const answer = await response.json();
    if (!response.ok) {
      const { type: kind, code, decline_code, message, param } = answer.error;
      return { error: { type: kind, code, decline_code, message, param } };
    }
    const { id, object, created, expires_at, livemode } = answer;
    return { confirmationToken: { id, object, created, expires_at, livemode, payment_method_preview: { type } } };
  } catch {
    return { error: unreachable };
  }
};

const submit = () => {
  const problem = all[type].validate();
  changed();
  return problem ? { error: { type: 'validation_error', ...problem } } : { selectedPaymentMethod: type };
};

for (const radio of document.querySelectorAll('[name=method]')) {
  radio.addEventListener('change', () => {
    choose(radio.value);
    changed();
  });
}
document.querySelector('form').addEventListener('submit', (event) => event.preventDefault());
window.addEventListener('focus', () => tell({ type: 'focus' }));
window.addEventListener('blur', () => tell({ type: 'blur' }));

const main = document.querySelector('main');
new ResizeObserver(() => tell({ type: 'resize', height: Math.ceil(main.getBoundingClientRect().height) })).observe(
  main,
);

listen(configure, {
  submit,
  createToken,
  update: ({ appearance }) => look(appearance),
  focus: () => all[type].focus(),
  clear: () => {
    all[type].clear();
    changed();
  },
});
