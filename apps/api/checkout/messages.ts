/** What a payer is told. Of what may help a thief, no more than that the bank said no (docs.stripe.com/declines/codes). */
const messages: Readonly<Record<string, string>> = {
  // Of a card as of a bank account.
  insufficient_funds: 'There is not enough money for this. Use another way to pay.',
  account_closed: 'The bank account is closed. Use another way to pay.',
  no_account: 'The bank account was not found. Check its numbers, or use another way to pay.',
  debit_not_authorized: 'Your bank says that this debit is not allowed. Ask your bank, or use another way to pay.',
  expired_card: 'The card has expired. Use another one.',
  incorrect_cvc: "The card's security code is wrong. Check it and try again.",
  invalid_cvc: "The card's security code is wrong. Check it and try again.",
  incorrect_number: 'The card number is wrong. Check it and try again.',
  invalid_number: 'The card number is wrong. Check it and try again.',
  invalid_expiry_month: "The card's expiry date is wrong. Check it and try again.",
  invalid_expiry_year: "The card's expiry date is wrong. Check it and try again.",
  incorrect_zip: 'The postal code does not fit the card. Check it and try again.',
  card_velocity_exceeded: 'The card has reached its limit. Use another way to pay.',
  withdrawal_count_limit_exceeded: 'The card has reached its limit. Use another way to pay.',
  card_not_supported: 'The card cannot be used for this. Use another way to pay.',
  currency_not_supported: 'The card cannot be used in this currency. Use another way to pay.',
  authentication_required: 'Your bank wants to be sure that it is you. Try again and confirm it.',
  payment_intent_authentication_failure:
    'It could not be confirmed that it is you. Try again or use another way to pay.',
  setup_intent_authentication_failure: 'It could not be confirmed that it is you. Try again or use another way to pay.',
  processing_error: 'Something went wrong while your bank was asked. Nothing was charged: try again.',
  payment_method_type_not_allowed: 'This cannot be paid that way. Use another way to pay.',
  confirmation_token_expired: 'This took too long, and nothing was charged. Try again.',
  // Of a token that was used before, or belongs to somebody else.
  invalid_request_error: 'Your details could not be used, and nothing was charged. Enter them again.',
  resource_missing: 'Your details could not be used, and nothing was charged. Enter them again.',
  confirmation_token_unknown: 'Your details did not come through, and nothing was charged. Try again.',
  payment_action_expired: 'This took too long, and nothing was charged. Try again.',
  earlier_attempt_open:
    'We are still being told about an earlier try to pay. Nothing more was charged: look again later.',
  payment_not_confirmable: 'This payment has changed in the meantime. Load the page again.',
};

const declined = 'Your bank declined this. Use another way to pay, or ask your bank.';

/** The message for a failure, by the most exact of its codes. */
export const messageFor = ({ code, declineCode }: { code: string; declineCode?: string }): string =>
  (declineCode === undefined ? undefined : known(declineCode)) ?? known(code) ?? declined;

/** Whether a payer is told more of a code than that it was declined. */
export const hasMessage = (code: string): boolean => known(code) !== undefined;

const known = (code: string): string | undefined => (Object.hasOwn(messages, code) ? messages[code] : undefined);
