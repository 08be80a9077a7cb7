/* global document */
/** The fields of a US bank account. The account is chosen from a list, in the place of Financial Connections: no number is typed. */
import { showError } from './card-fields.js';

const $ = (selector) => document.querySelector(selector);
const holder = $('[name=holder]');
const email = $('[name=email]');
const connect = $('#connect-account');
const dialog = $('#accounts');
const linked = $('#linked-account');

let account;

const checks = new Map([
  [holder, () => (holder.value.trim() === '' ? ['incomplete_name', 'Your name is incomplete.'] : undefined)],
  [
    email,
    () => (/^\S+@\S+\.\S+$/.test(email.value.trim()) ? undefined : ['incomplete_email', 'Your email is incomplete.']),
  ],
  [connect, () => (account === undefined ? ['incomplete_bank_account', 'Choose a bank account.'] : undefined)],
]);

/** The fields of a bank account; `changed` is called when the customer has typed or chosen. */
export const bankFields = (changed) => {
  for (const input of [holder, email]) {
    input.addEventListener('input', () => {
      if (checks.get(input)() === undefined) showError(input);
      changed();
    });
    input.addEventListener('blur', () => {
      if (input.value !== '') showError(input, checks.get(input)()?.[1]);
    });
  }
  connect.addEventListener('click', () => {
    dialog.hidden = false;
    dialog.querySelector('input:checked').focus();
    changed();
  });
  $('#cancel-account').addEventListener('click', () => {
    dialog.hidden = true;
    connect.focus();
    changed();
  });
  $('#link-account').addEventListener('click', () => {
    const chosen = dialog.querySelector('input:checked');
    account = chosen.value;
    linked.textContent = `Linked: ${chosen.parentElement.textContent.replace(/\s+/g, ' ').trim()}`;
    connect.textContent = 'Choose another bank account';
    showError(connect);
    dialog.hidden = true;
    connect.focus();
    changed();
  });
  return {
    isEmpty: () => holder.value === '' && email.value === '' && account === undefined,
    isComplete: () => [...checks.values()].every((check) => check() === undefined),
    focus: () => holder.focus(),
    clear: () => {
      holder.value = '';
      email.value = '';
      account = undefined;
      linked.textContent = '';
      for (const input of checks.keys()) showError(input);
    },
    /** Fills in what the page knows of the customer. */
    fill: ({ name, email: address } = {}) => {
      if (typeof name === 'string' && holder.value === '') holder.value = name;
      if (typeof address === 'string' && email.value === '') email.value = address;
    },
    validate: () => {
      const found = [...checks].map(([input, check]) => [input, check()]);
      for (const [input, problem] of found) showError(input, problem?.[1]);
      const first = found.find(([, problem]) => problem !== undefined);
      if (!first) return undefined;
      first[0].focus();
      return { code: first[1][0], message: first[1][1] };
    },
    parameters: () => ({
      'payment_method_data[us_bank_account][financial_connections_account]': account,
      'payment_method_data[us_bank_account][account_holder_type]': 'individual',
      'payment_method_data[billing_details][name]': holder.value.trim(),
      'payment_method_data[billing_details][email]': email.value.trim(),
    }),
  };
};
