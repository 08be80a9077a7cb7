import type { ActionName } from '#access';

type Open = Extract<
  ActionName,
  `health.${string}` | `development-issuer.${string}` | `checkout.${string}` | `audit-log.${string}`
>;

/** What an operation does, in one line, and what else its caller should know. */
interface Summary {
  summary: string;
  more?: string;
}

export const summaries: Readonly<Record<Exclude<ActionName, Open>, Summary>> = {
  'customers.create': {
    summary: 'Create a customer',
    more: 'A tenant has one for an email: where there is one already, it is answered (200) as it is.',
  },
  'customers.list': {
    summary: 'List customers, newest first',
    more: 'With `email`: the one customer who has this very address. It is found by a keyed digest, so parts of an address find nothing. In the query write `+` as `%2B`: a bare `+` is a blank.',
  },
  'customers.get': { summary: 'Get a customer' },
  'customers.set-default-payment-method': {
    summary: 'Choose which payment method a customer is offered first',
    more:
      'It has to be attached to this customer. The first one does not become the default by itself, and detaching the default leaves none. ' +
      'Nothing is charged by default: a payment names what it charges.',
  },
  'payment-methods.attach': {
    summary: 'Attach a payment method to a customer',
    more: "By the processor's token. A card that the processor declines is refused: 422 `card_declined`.",
  },
  'payment-methods.list': { summary: 'List the payment methods of a customer' },
  'payment-methods.get': { summary: 'Get a payment method' },
  'payment-methods.detach': {
    summary: 'Take a payment method from its customer, for good',
    more:
      'It can be charged no more, and not be attached again. Payments that are under way go on. What is detached already is answered (200) as ' +
      'it is; where the processor refuses: 409 `detach_failed`.',
  },
  'setup-intents.create': {
    summary: 'Set up a payment method without a charge',
    more:
      "With the processor's confirmation token of the payer's choice it is confirmed at once; without one the payer's browser confirms it by " +
      '`clientSecret`. Once it has succeeded, `paymentMethodId` can be charged. A card that the bank declines is a setup that requires another ' +
      'payment method, with `failure`; what the processor does not even take is refused: 422 with its code, and leaves a setup intent that is ' +
      '`canceled`: make another one, with another Idempotency-Key.',
  },
  'setup-intents.get': { summary: 'Get a setup intent' },
  'payments.create': {
    summary: 'Create a payment and, given a payment method, charge it',
    more: 'A declined charge is a payment with `status: "failed"`, not an error.',
  },
  'payments.confirm': {
    summary: 'Attempt a payment, once or again, or go on after an action of its payer',
    more:
      'A payment with a `confirmationToken` is confirmed by us alone. Where its payer is asked for something (`requires_action`), let their ' +
      'browser do it (`GET /v1/payments/{id}/next-action`), then confirm again, without a body: the payment goes on, or is still ' +
      '`requires_action` where the payer has not finished. What an earlier attempt has left is canceled first; where that took money already, the ' +
      'payment says so, and the new attempt fails with `earlier_attempt_open`.',
  },
  'payments.capture': { summary: 'Capture an authorized payment, in full or in part' },
  'payments.cancel': { summary: 'Cancel a payment of which nothing is captured' },
  'payments.list': { summary: 'List payments, newest first' },
  'payments.get': { summary: 'Get a payment' },
  'payments.next-action': {
    summary: 'Get what the payer has to do next, for their browser',
    more:
      'The client secret is for the payer alone: hand it to the script of the processor (`handleNextAction`), and keep it nowhere. Of a payment ' +
      'with a `confirmationToken` confirm again then, without a body: nothing is charged before. 404 where nothing is to be done, and once it was ' +
      'not done within the day.',
  },
  'payments.history': {
    summary: 'Get every change of a payment, oldest first, with its proof',
    more:
      '`data` is the event, `status` that of the payment after it. `proof.receipt` is a file that `billing audit verify --receipt` checks offline ' +
      '(C2SP tlog-proof), `proof.index` the leaf; `proof` is null for the second or so until a published checkpoint covers the event. `Prefer: wait=S` waits for that.',
  },
  'refunds.create': { summary: 'Refund a captured payment, in full or in part' },
  'refunds.list': { summary: 'List refunds, newest first' },
  'refunds.get': { summary: 'Get a refund' },
  'disputes.submit-evidence': {
    summary: 'Send evidence for a dispute',
    more:
      'To the processor and, unless it is only staged, to the bank, which is final. It is sealed until then, and no answer, event or log ' +
      'shows it. Staged evidence can be added to until it is due.',
  },
  'disputes.list': { summary: 'List disputes, newest first' },
  'disputes.get': { summary: 'Get a dispute' },
  'checkout-sessions.create': {
    summary: 'Create a page on which a payer pays, or saves a payment method',
    more:
      'Send the payer to `url`: whoever has it can pay on it, once, until `expiresAt`. Payment details go from the browser straight to the ' +
      'processor. In mode `payment` the payment is made with the session; 503 `checkout_not_configured` where STRIPE_PUBLISHABLE_KEY is missing.',
  },
  'checkout-sessions.get': {
    summary: 'Get a checkout session and how it stands',
    more:
      'How to learn that it was paid: `paymentStatus` is `paid` here, the `status` of its payment (`GET /v1/payments/{id}`) is `succeeded`, or ' +
      'the event `PaymentCaptured` of `GET /v1/events` tells. A browser that reaches `successUrl` proves nothing: anybody can open that address.',
  },
  'checkout-sessions.expire': {
    summary: 'Close a checkout session before its time',
    more: 'Its payment is canceled. 409 `checkout_session_complete` where it was used; 409 `operation_in_progress` while what the payer has begun may still charge or be saved: then it is not closed.',
  },
  'balances.list': { summary: 'Get the books, one entry a currency', more: 'The accounts of a currency sum to zero.' },
  'events.list': {
    summary: "Read the tenant's events, oldest first, as lines of JSON or as a stream",
    more:
      'Lines are 100 unless `limit` says more (1,000 at most). To go on, send the `Billing-Position` of the answer as `after`: it says how ' +
      'far the log was looked through, also where it had nothing of yours. One answer looks through 200,000 positions at most, so it was the ' +
      'end where there are fewer lines than `limit` and the position went on by less than that. With `Accept: text/event-stream` the answer ' +
      'follows the log: ids are positions, and `Last-Event-ID` goes before `after`.',
  },
  'audit.proof': {
    summary: 'Get the receipt of an event: that it is in the audit log',
    more:
      'A file (C2SP tlog-proof) with the event in it, to be kept: it is verified offline with the keys of the log alone (`GET /v1/audit/vkey`), such as ' +
      'by `billing audit verify --receipt`. Event ids are in `GET /v1/events`. The answer waits for the next checkpoint as `Prefer: wait` says, then it is ' +
      '409 `not_yet_anchored`. 503 `audit_log_inconsistent`: the event is not what was sealed, and nothing is handed out. The log itself is public: ' +
      '`/v1/audit` is the prefix of a C2SP tlog-tiles log (`checkpoint`, `tile/...`, `tile/entries/...`), with `vkey` and `keys`.',
  },
  'audit.openings': {
    summary: "Get what opens the tenant's leaves of the audit log",
    more:
      'Lines `{"index":i,"opening":{...}}` of the published log, 100 unless `limit` says more (1,000 at most), with which `billing audit verify --url` holds ' +
      'each leaf against its event. To go on, send `Billing-Leaf` of the answer as `after`: it says how far the log was looked through, also where it had ' +
      'nothing of yours. It was the end once `Billing-Leaf` is `Billing-Tree-Size` - 1. One answer looks through 200,000 positions at most.',
  },
  'connected-accounts.link': {
    summary: 'Link an account at the processor to the tenant, for good',
    more: 'Where it is linked already, the link is answered (200) as it is; where another tenant has it: 409 `connected_account_already_linked`.',
  },
  'connected-accounts.get': { summary: 'Get a connected account' },
  'tenants.add': {
    summary: 'Add a tenant',
    more:
      'Without an id it gets one that the Idempotency-Key decides. One that is there already under that id and name is answered (200) as it ' +
      'is; under another name: 409 `tenant_exists`.',
  },
  'tenants.list': { summary: 'List tenants, newest first' },
  'tenants.get': { summary: 'Get a tenant' },
  'tenants.suspend': {
    summary: 'Suspend a tenant: it reads, and changes nothing',
    more: 'What it asked for before is carried out, and what the processor does is recorded. Every process follows within a second.',
  },
  'tenants.reinstate': { summary: 'Give a suspended tenant the right to write back' },
};

/** Of what the table leaves open to everybody there is none. */
export const summaryOf = (name: ActionName): Summary | undefined =>
  (summaries as Partial<Record<ActionName, Summary>>)[name];
