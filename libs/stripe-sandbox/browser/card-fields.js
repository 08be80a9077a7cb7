/* global document */
/** The fields of a card: grouped while they are typed, and checked as Stripe checks them. */
const field = (name) => document.querySelector(`[name=${name}]`);
const inputs = { number: field('number'), expiry: field('expiry'), cvc: field('cvc'), postal: field('postal') };
const brandName = document.querySelector('#brand');

const brands = [
  { name: 'American Express', pattern: /^3[47]/, lengths: [15], cvc: 4, groups: [4, 6, 5] },
  { name: 'Visa', pattern: /^4/, lengths: [16] },
  { name: 'Mastercard', pattern: /^(5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720))/, lengths: [16] },
  { name: 'Discover', pattern: /^(6011|65|64[4-9])/, lengths: [16] },
  { name: 'Diners Club', pattern: /^(36|38|30[0-5])/, lengths: [14, 16] },
  { name: 'JCB', pattern: /^35(2[89]|[3-8])/, lengths: [16] },
  { name: 'UnionPay', pattern: /^62/, lengths: [16, 19] },
];
const unknown = { name: '', lengths: [16, 19] };

const digitsOf = (text) => text.replace(/\D/g, '');
const brandOf = (digits) => ({
  cvc: 3,
  groups: [4, 4, 4, 4, 3],
  ...(brands.find(({ pattern }) => pattern.test(digits)) ?? unknown),
});

const passesLuhn = (number) => {
  let sum = 0;
  for (let index = 0; index < number.length; index++) {
    const digit = Number(number.at(-1 - index));
    sum += index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
};

const grouped = (text) => {
  const { lengths, groups } = brandOf(digitsOf(text));
  const digits = digitsOf(text).slice(0, Math.max(...lengths));
  let from = 0;
  const parts = groups.map((length) => digits.slice(from, (from += length)));
  return parts.filter((part) => part !== '').join(' ');
};

/** `4` is April, and what a browser fills in may have the whole year: `04/2034`. */
const asExpiry = (text) => {
  let digits = digitsOf(text);
  if (/^[2-9]/.test(digits)) digits = `0${digits}`;
  if (/^\d\d20\d\d$/.test(digits)) digits = digits.slice(0, 2) + digits.slice(4);
  digits = digits.slice(0, 4);
  return digits.length > 2 ? `${digits.slice(0, 2)} / ${digits.slice(2)}` : digits;
};

/** Writes `formatted` into `input`, and leaves the caret after the digit that it was after. */
const write = (input, formatted) => {
  const before = digitsOf(input.value.slice(0, input.selectionStart ?? 0)).length;
  const isAtEnd = input.selectionStart === input.value.length;
  input.value = formatted;
  if (isAtEnd) return;
  let caret = 0;
  for (let seen = 0; seen < before && caret < formatted.length; caret++) if (/\d/.test(formatted[caret])) seen += 1;
  input.setSelectionRange(caret, caret);
};

const checkNumber = () => {
  const digits = digitsOf(inputs.number.value);
  const { lengths } = brandOf(digits);
  if (digits.length < Math.min(...lengths)) return ['incomplete_number', 'Your card number is incomplete.'];
  if (!lengths.includes(digits.length) || !passesLuhn(digits))
    return ['invalid_number', 'Your card number is invalid.'];
  return undefined;
};

const expiryTyped = () => {
  const digits = digitsOf(inputs.expiry.value);
  return { month: Number(digits.slice(0, 2)), year: 2000 + Number(digits.slice(2)), isWhole: digits.length === 4 };
};

const checkExpiry = () => {
  const { month, year, isWhole } = expiryTyped();
  if (!isWhole) return ['incomplete_expiry', "Your card's expiration date is incomplete."];
  if (month < 1 || month > 12) return ['invalid_expiry_month', "Your card's expiration date is invalid."];
  const now = new Date();
  if (year < now.getFullYear()) return ['invalid_expiry_year_past', "Your card's expiration year is in the past."];
  if (year === now.getFullYear() && month <= now.getMonth()) {
    return ['invalid_expiry_month_past', "Your card's expiration date is in the past."];
  }
  return year > now.getFullYear() + 50 ? ['invalid_expiry_year', "Your card's expiration year is invalid."] : undefined;
};

const checkCvc = () => {
  const { cvc } = brandOf(digitsOf(inputs.number.value));
  const { length } = inputs.cvc.value;
  return length < cvc ? ['incomplete_cvc', "Your card's security code is incomplete."] : undefined;
};

const checkPostal = () =>
  inputs.postal.value.trim().length < 3 ? ['incomplete_zip', 'Your postal code is incomplete.'] : undefined;

const checks = { number: checkNumber, expiry: checkExpiry, cvc: checkCvc, postal: checkPostal };
const names = Object.keys(checks);

const formats = {
  number: () => {
    write(inputs.number, grouped(inputs.number.value));
    brandName.textContent = brandOf(digitsOf(inputs.number.value)).name;
  },
  expiry: (event) => {
    // Erasing the slash must not bring it back.
    if (event.inputType?.startsWith('delete')) return;
    write(inputs.expiry, asExpiry(inputs.expiry.value));
  },
  cvc: () => write(inputs.cvc, digitsOf(inputs.cvc.value).slice(0, brandOf(digitsOf(inputs.number.value)).cvc)),
  postal: () => undefined,
};

/** Shows `message` below `input`, tied to it for those who cannot see it; none where it is empty. */
export const showError = (input, message = '') => {
  const place = document.querySelector(`#${input.name}-error`);
  if (place.textContent !== message) place.textContent = message;
  if (message === '') input.removeAttribute('aria-invalid');
  else input.setAttribute('aria-invalid', 'true');
};

/** The fields of a card; `changed` is called when the customer has typed. */
export const cardFields = (changed) => {
  for (const name of names) {
    const input = inputs[name];
    input.addEventListener('input', (event) => {
      formats[name](event);
      if (checks[name]() === undefined) showError(input);
      changed();
    });
    input.addEventListener('blur', () => {
      if (input.value !== '') showError(input, checks[name]()?.[1]);
    });
  }
  const problems = () =>
    names.map((name) => [inputs[name], checks[name]()]).filter(([, problem]) => problem !== undefined);
  return {
    isEmpty: () => names.every((name) => inputs[name].value === ''),
    isComplete: () => problems().length === 0,
    focus: () => inputs.number.focus(),
    clear: () => {
      for (const name of names) {
        inputs[name].value = '';
        showError(inputs[name]);
      }
      brandName.textContent = '';
    },
    /** Shows what is wrong, and gives the first of it: `{ code, message }`. */
    validate: () => {
      for (const name of names) showError(inputs[name], checks[name]()?.[1]);
      const [first] = problems();
      if (!first) return undefined;
      first[0].focus();
      return { code: first[1][0], message: first[1][1] };
    },
    /** What the sandbox is sent, as it is named there. */
    parameters: () => ({
      'payment_method_data[card][number]': digitsOf(inputs.number.value),
      'payment_method_data[card][exp_month]': String(expiryTyped().month),
      'payment_method_data[card][exp_year]': String(expiryTyped().year),
      'payment_method_data[card][cvc]': inputs.cvc.value,
      'payment_method_data[billing_details][address][postal_code]': inputs.postal.value.trim(),
    }),
  };
};
