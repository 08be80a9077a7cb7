import type { Reading } from '../../news.js';
import { readEvent, readHead } from './index.js';
import type { TestVersion, Wire } from './testing/objects.js';
import {
  account,
  apiVersions,
  balanceTransaction,
  charge,
  created,
  customer,
  dispute,
  eventBody,
  financialAccount,
  mandate,
  paymentIntent,
  payout,
  refund,
  refundId,
  reinstatement,
  tenantId,
} from './testing/objects.js';
import { at, ofCustomer, stories } from './testing/stories.js';
import { readTypes } from './types.js';

const readingOf = (body: string): Reading => readEvent(Buffer.from(body)).reading;

describe.each(apiVersions)('an event of API version %s', (version) => {
  it.each(stories.map((story) => [story.type, story] as const))('%s is read', (type, { object, previous, news }) => {
    expect(readingOf(eventBody(type, object(version), { version, previous }))).toEqual({ kind: 'news', news });
  });

  it('never carries a secret of the customer', () => {
    for (const { type, object } of stories) {
      expect(JSON.stringify(readingOf(eventBody(type, object(version), { version })))).not.toContain('never');
    }
  });

  it.each(['finalized', 'paid', 'payment_failed', 'voided'])(
    'invoice.%s is put aside: invoices are not mirrored',
    (name) => {
      const invoice = { id: 'in_1', object: 'invoice', status: 'open' };
      expect(readingOf(eventBody(`invoice.${name}`, invoice, { version }))).toEqual({
        kind: 'unused',
        reason: 'not_mirrored',
      });
    },
  );

  it('of a type that is not used is put aside', () => {
    for (const type of ['customer.created', 'charge.succeeded', 'constructor', '__proto__', 'tax.settings.updated']) {
      expect(readingOf(eventBody(type, {}, { version }))).toEqual({ kind: 'unused', reason: 'type_not_used' });
    }
  });
});

it('every type that is read has a story', () => {
  expect([...new Set(stories.map(({ type }) => type))].sort()).toEqual([...readTypes].sort());
});

describe('an API version', () => {
  const intent = paymentIntent('2026-10-28.endive', { amount_received: 5_000 });
  const readUnder = (version: string | null) => readingOf(eventBody('payment_intent.succeeded', intent, { version }));

  it.each([
    '2019-02-11',
    '2022-11-15',
    '2024-06-20',
    '2025-09-30.clover',
    '2026-08-26.dahlia',
    '2027-03-31.fuchsia',
    'endive',
  ])('%s is not known: its events are set aside by name', (version) => {
    expect(readUnder(version)).toEqual({ kind: 'unreadable', reason: `api_version_unknown ${version}` });
  });

  it('that an event does not tell is not guessed', () => {
    expect(readUnder(null)).toEqual({ kind: 'unreadable', reason: 'api_version_unknown none' });
  });

  it.each(['2024-12-18.acacia', '2025-08-27.basil', '2026-09-30.endive'])(
    '%s is a month of a release that is known: its events are read',
    (version) => {
      expect(readUnder(version)).toMatchObject({ kind: 'news' });
    },
  );

  it('of a type that is not used is not asked for', () => {
    expect(readingOf(eventBody('customer.created', {}, { version: '2019-02-11' }))).toMatchObject({ kind: 'unused' });
  });

  it('of the other shape is not half-read: a charge is only looked for where the version has it', () => {
    const held = { status: 'requires_capture', amount_capturable: 5_000 };
    const details = { card: { capture_before: created, multicapture: { status: 'available' } }, type: 'card' };
    const old = paymentIntent('2020-08-27', held, { payment_method_details: details });
    const read = (version: string) =>
      readingOf(eventBody('payment_intent.amount_capturable_updated', old, { version }));
    expect(read('2020-08-27')).toMatchObject({ news: { payment: { expiresAt: at, multicapture: true } } });
    expect(read('2026-10-28.endive')).toMatchObject({
      news: { payment: { expiresAt: undefined, multicapture: false } },
    });
  });
});

describe('what an event says of itself', () => {
  const body = (over: Wire) => eventBody('payment_intent.succeeded', paymentIntent('2026-10-28.endive'), { over });

  it('is its head', () => {
    const head = {
      eventId: 'evt_1P1',
      type: 'payment_intent.succeeded',
      apiVersion: '2026-10-28.endive',
      livemode: false,
      account: undefined,
      created: at,
    };
    expect(readHead(body({}))).toEqual(head);
    expect(readEvent(body({})).head).toEqual(head);
    expect(readHead(Buffer.from(body({ account: 'acct_1', livemode: true })))).toEqual({
      ...head,
      account: 'acct_1',
      livemode: true,
    });
  });

  it.each<[string, Wire]>([
    ['no id', { id: undefined }],
    ['an empty id', { id: '' }],
    ['an id of another form', { id: 7 }],
    ['an id without end', { id: 'e'.repeat(256) }],
    ['an id that no database takes', { id: 'evt_\u0000' }],
    ['no type', { type: null }],
    ['a type with a line break', { type: 'a\nb' }],
    ['no word about livemode', { livemode: undefined }],
    ['livemode as text', { livemode: 'true' }],
    ['no time', { created: undefined }],
    ['a time as text', { created: '2026-11-14' }],
    ['a time before all others', { created: -1 }],
    ['a time after all others', { created: 1e15 }],
    ['an account that is none', { account: {} }],
    ['an API version that is none', { api_version: 2026 }],
    ['another object', { object: 'list' }],
    ['no object', { object: undefined }],
  ])('with %s is no event', (_, over) => {
    expect(readHead(body(over))).toBeUndefined();
    expect(readEvent(body(over))).toEqual({
      head: undefined,
      reading: { kind: 'unreadable', reason: 'body_unreadable' },
    });
  });

  it.each(['', 'null', '[]', '"evt"', '7', '{', '{}', '\u0000', '{"object":"event"}'])('%p is no event', (text) => {
    expect(readHead(text)).toBeUndefined();
    expect(readEvent(text)).toMatchObject({ head: undefined, reading: { kind: 'unreadable' } });
  });
});

describe('what is not of a known form', () => {
  const version = '2026-10-28.endive';
  const broken = (type: string, object: Wire, previous?: Wire) =>
    readingOf(eventBody(type, object, { version, previous }));

  it.each<[string, Reading]>([
    ['payment_intent.status', broken('payment_intent.succeeded', paymentIntent(version, { status: 'requires_luck' }))],
    [
      'payment_intent.amount_received',
      broken('payment_intent.succeeded', paymentIntent(version, { amount_received: 1.5 })),
    ],
    [
      'payment_intent.amount_received',
      broken('payment_intent.succeeded', paymentIntent(version, { amount_received: -1 })),
    ],
    [
      'payment_intent.amount_received',
      broken('payment_intent.succeeded', paymentIntent(version, { amount_received: '5' })),
    ],
    ['payment_intent.currency', broken('payment_intent.succeeded', paymentIntent(version, { currency: 'USD' }))],
    ['payment_intent.metadata', broken('payment_intent.succeeded', paymentIntent(version, { metadata: 'none' }))],
    ['payment_intent.object', broken('payment_intent.succeeded', charge(version))],
    [
      'payment_intent.last_payment_error.type',
      broken('payment_intent.payment_failed', paymentIntent(version, { last_payment_error: {} })),
    ],
    ['charge.amount_captured', broken('charge.updated', charge(version, { amount_captured: undefined }))],
    ['refund.status', broken('refund.updated', refund(version, { status: 'reversed' }))],
    ['refund.status', broken('refund.updated', refund(version, { status: null }))],
    ['dispute.status', broken('charge.dispute.updated', dispute(version, { status: 'arbitration' }))],
    [
      'dispute.balance_transactions',
      broken('charge.dispute.updated', dispute(version, { balance_transactions: undefined })),
    ],
    [
      'dispute.balance_transactions[]',
      broken('charge.dispute.updated', dispute(version, { balance_transactions: ['txn_1'] })),
    ],
    ['dispute.evidence_details', broken('charge.dispute.updated', dispute(version, { evidence_details: null }))],
    ['payout.status', broken('payout.paid', payout(version, { status: 'returned' }))],
    ['account.charges_enabled', broken('account.updated', account(version, { charges_enabled: null }))],
    ['mandate.status', broken('mandate.updated', mandate(version, { status: 'expired' }))],
    [
      'financial_connections.account.status',
      broken('financial_connections.account.created', financialAccount(version, { status: 'gone' })),
    ],
    ['event.data', readingOf(eventBody('charge.updated', {}, { over: { data: 'none' } }))],
    ['charge', readingOf(eventBody('charge.updated', {}, { over: { data: { object: null } } }))],
  ])('is set aside by name: %s', (path, reading) => {
    expect(reading).toEqual({ kind: 'unreadable', reason: `body_unreadable ${path}` });
  });

  it('is never shown', () => {
    const secret = 'somebody@example.com';
    expect(JSON.stringify(broken('payout.paid', payout(version, { status: secret, id: secret })))).not.toContain(
      secret,
    );
  });
});

describe('a claim', () => {
  const claimOf = (metadata: Wire) =>
    readingOf(eventBody('payment_intent.succeeded', paymentIntent('2026-10-28.endive', { metadata })));

  it.each<[string, Wire]>([
    ['no metadata', {}],
    ['ids that are not of our form', { tenantId: "1' or '1'='1", paymentId: '42', refundId: 'RE' }],
    ['ids in capitals', { tenantId: tenantId.toUpperCase().replaceAll('1', 'A') }],
    ['attempts that are none', { attempt: '0' }],
    ['attempts that are no number', { attempt: 'one' }],
    ['metadata that is no text', { tenantId: [tenantId], attempt: 1 }],
  ])('is not made by %s', (_, metadata) => {
    expect(claimOf(metadata)).toMatchObject({ news: { claim: ofCustomer } });
    expect(claimOf(metadata)).not.toHaveProperty('news.claim.tenantId');
    expect(claimOf(metadata)).not.toHaveProperty('news.claim.attempt');
  });

  it('is not inherited from what every object has', () => {
    const body = eventBody('payment_intent.succeeded', paymentIntent('2026-10-28.endive'));
    const forged = body.replace('"metadata":{', `"metadata":{"__proto__":{"refundId":"${refundId}"},`);
    expect(readingOf(forged)).toEqual(readingOf(body));
  });
});

describe('money that was never taken', () => {
  it('is not a refund: what a capture left of its hold, and a hold that was given up', () => {
    const release = refund('2026-10-28.endive', { balance_transaction: null, metadata: {} });
    for (const type of ['refund.created', 'charge.refund.updated']) {
      expect(readingOf(eventBody(type, release))).toEqual({ kind: 'unused', reason: 'authorization_released' });
    }
  });

  it.each<[string, Wire, object]>([
    [
      'a part captured, the rest released',
      { amount_captured: 3_000, amount_refunded: 2_000 },
      { captured: 3_000, refunded: 0 },
    ],
    [
      'and some of that returned',
      { amount_captured: 3_000, amount_refunded: 2_500 },
      { captured: 3_000, refunded: 500 },
    ],
    ['a hold given up', { amount_captured: 0, amount_refunded: 5_000, captured: false }, { captured: 0, refunded: 0 }],
    ['a part captured, the rest still held', { amount_captured: 3_000 }, { captured: 3_000, refunded: 0 }],
    [
      'more captured than was held',
      { amount_captured: 5_500, amount_refunded: 100 },
      { captured: 5_500, refunded: 100 },
    ],
  ])('does not count as returned: %s', (_, over, totals) => {
    expect(readingOf(eventBody('charge.updated', charge('2026-10-28.endive', over)))).toMatchObject({ news: totals });
  });

  it('is a refund all the same where we asked for it, or while it is pending', () => {
    const asked = refund('2026-10-28.endive', { balance_transaction: null });
    const pending = { ...asked, status: 'requires_action', metadata: {} };
    expect(readingOf(eventBody('refund.created', asked))).toMatchObject({ news: { refund: { status: 'succeeded' } } });
    expect(readingOf(eventBody('refund.created', pending))).toMatchObject({ news: { refund: { status: 'pending' } } });
    expect(readingOf(eventBody('refund.updated', { ...asked, status: 'canceled' }))).toMatchObject({
      news: { refund: { status: 'failed', code: 'refund_canceled' } },
    });
  });

  it('is not a payout: a debit that evens out a balance below 0', () => {
    expect(readingOf(eventBody('payout.paid', payout('2026-10-28.endive', { amount: -300 })))).toEqual({
      kind: 'unused',
      reason: 'debit_of_bank_account',
    });
  });
});

describe('a dispute', () => {
  const read = (over: Wire, version: TestVersion = '2026-10-28.endive') =>
    readingOf(eventBody('charge.dispute.updated', dispute(version, over), { version }));

  it.each([
    ['warning_needs_response', 'inquiry'],
    ['warning_under_review', 'inquiry_under_review'],
    ['warning_closed', 'inquiry_closed'],
    ['needs_response', 'needs_response'],
    ['under_review', 'under_review'],
    ['appeal_needs_response', 'needs_response'],
    ['appeal_under_review', 'under_review'],
    ['won', 'won'],
    ['lost', 'lost'],
    ['prevented', 'prevented'],
  ])('that Stripe calls %s is %s', (status, expected) => {
    expect(read({ status })).toMatchObject({ news: { dispute: { status: expected } } });
  });

  it('that a refund answered was an inquiry, and is not guessed at where money had moved', () => {
    const over = { status: 'charge_refunded' };
    expect(read({ ...over, balance_transactions: [] }, '2020-08-27')).toMatchObject({
      news: { dispute: { status: 'inquiry_closed' } },
    });
    expect(read(over, '2020-08-27')).toEqual({ kind: 'unreadable', reason: 'body_unreadable dispute.status' });
  });

  it('of another currency than the balance keeps its rate and what was converted, with its sign', () => {
    const euro = { currency: 'eur', exchange_rate: 0.92 };
    const version = '2026-10-28.endive';
    const movements = [
      balanceTransaction(version, { ...euro, amount: -4_600, net: -5_980, fee: 1_380 }),
      { ...reinstatement(version), ...euro, amount: 4_600, net: 4_600 },
    ];
    expect(read({ balance_transactions: movements })).toMatchObject({
      news: {
        dispute: {
          movements: [
            { gross: -4_600, currency: 'eur', rate: '0.92', sourceAmount: -5_000, sourceCurrency: 'usd' },
            { gross: 4_600, currency: 'eur', rate: '0.92', sourceAmount: 5_000, sourceCurrency: 'usd' },
          ],
        },
      },
    });
  });
});

describe('an object that is named or shown whole', () => {
  it('is the same', () => {
    const version = '2026-10-28.endive';
    const whole = paymentIntent(version, { customer: customer(version), amount_received: 5_000 });
    const named = paymentIntent(version, { amount_received: 5_000 });
    expect(readingOf(eventBody('payment_intent.succeeded', whole))).toEqual(
      readingOf(eventBody('payment_intent.succeeded', named)),
    );
  });

  it('brings its settlement where it is there', () => {
    const version = '2026-10-28.endive';
    const transaction = balanceTransaction(version, { id: 'txn_3P1', amount: 5_000, fee: 175, net: 4_825 });
    const settled = charge(version, { balance_transaction: transaction });
    expect(
      readingOf(eventBody('payment_intent.succeeded', paymentIntent(version, { latest_charge: settled }))),
    ).toMatchObject({ news: { payment: { settlement: { settlementId: 'txn_3P1', fee: 175 } } } });
  });
});

describe('a deleted customer', () => {
  it('may be no more than its id', () => {
    const gone = { id: 'cus_P1', object: 'customer', deleted: true };
    expect(readingOf(eventBody('customer.deleted', gone))).toMatchObject({
      news: { processorCustomerId: 'cus_P1', claim: ofCustomer },
    });
  });
});

describe('what no event of the processor holds', () => {
  const version = '2026-10-28.endive';
  const unreadable = (path: string) => ({ kind: 'unreadable', reason: `body_unreadable ${path}` });

  it('is an amount of more than twelve digits, which sums would lose', () => {
    const most = paymentIntent(version, { amount_received: 999_999_999_999 });
    expect(readingOf(eventBody('payment_intent.succeeded', most))).toMatchObject({ kind: 'news' });
    const more = paymentIntent(version, { amount_received: 1_000_000_000_000 });
    expect(readingOf(eventBody('payment_intent.succeeded', more))).toEqual(
      unreadable('payment_intent.amount_received'),
    );
  });

  it.each(['__proto__', 'constructor', 'toString'])('is the id %s, which every object knows already', (id) => {
    expect(readingOf(eventBody('payment_intent.succeeded', paymentIntent(version, { id })))).toEqual(
      unreadable('payment_intent.id'),
    );
    expect(readingOf(eventBody('payment_intent.succeeded', paymentIntent(version, { customer: id })))).toEqual(
      unreadable('payment_intent.customer'),
    );
  });
});
