import type { ActionName } from '#access';

type Open = Extract<ActionName, `health.${string}` | `development-issuer.${string}`>;

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
  'customers.list': { summary: 'List customers, newest first' },
  'customers.get': { summary: 'Get a customer' },
  'payment-methods.attach': {
    summary: 'Attach a payment method to a customer',
    more: "By the processor's token. A card that the processor declines is refused: 422 `card_declined`.",
  },
  'payment-methods.list': { summary: 'List the payment methods of a customer' },
  'payment-methods.get': { summary: 'Get a payment method' },
  'payments.create': {
    summary: 'Create a payment and, given a payment method, charge it',
    more: 'A declined charge is a payment with `status: "failed"`, not an error.',
  },
  'payments.confirm': { summary: 'Attempt a payment, for the first time or again after a failure' },
  'payments.capture': { summary: 'Capture an authorized payment, in full or in part' },
  'payments.cancel': { summary: 'Cancel a payment of which nothing is captured' },
  'payments.list': { summary: 'List payments, newest first' },
  'payments.get': { summary: 'Get a payment' },
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
  'balances.list': { summary: 'Get the books, one entry a currency', more: 'The accounts of a currency sum to zero.' },
  'events.list': {
    summary: "Read the tenant's events, oldest first, as lines of JSON or as a stream",
    more:
      'Lines are 100 unless `limit` says more (1,000 at most). To go on, send the `Billing-Position` of the answer as `after`: it says how ' +
      'far the log was looked through, also where it had nothing of yours. One answer looks through 200,000 positions at most, so it was the ' +
      'end where there are fewer lines than `limit` and the position went on by less than that. With `Accept: text/event-stream` the answer ' +
      'follows the log: ids are positions, and `Last-Event-ID` goes before `after`.',
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
