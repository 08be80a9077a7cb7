import { readEvent } from './index.js';

const body = (over: object = {}): string =>
  JSON.stringify({
    id: 'evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0',
    object: 'v2.core.event',
    type: 'v2.core.account[requirements].updated',
    livemode: false,
    created: '2026-11-14T22:13:20.52Z',
    context: null,
    reason: { type: 'request', request: { id: 'req_v24', idempotency_key: '7cf9' } },
    related_object: { id: 'acct_1', type: 'v2.core.account', url: '/v2/core/accounts/acct_1' },
    ...over,
  });

const reference = (processorId: string) => ({
  kind: 'news',
  news: { about: 'reference', object: 'account', processorId },
});

describe('a thin event', () => {
  it('only names the account that has changed', () => {
    expect(readEvent(Buffer.from(body()))).toEqual({
      head: {
        eventId: 'evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0',
        type: 'v2.core.account[requirements].updated',
        apiVersion: undefined,
        livemode: false,
        account: undefined,
        created: '2026-11-14T22:13:20.520Z',
      },
      reading: reference('acct_1'),
    });
  });

  it.each([
    'v2.core.account.created',
    'v2.core.account.updated',
    'v2.core.account.closed',
    'v2.core.account[identity].updated',
    'v2.core.account[configuration.recipient].capability_status_updated',
  ])('%s is about an account', (type) => {
    expect(readEvent(body({ type })).reading).toEqual(reference('acct_1'));
  });

  it('of the first API is about the account it happened on', () => {
    const type = 'v1.account.updated';
    const related_object = { id: 'acct_2', type: 'account', url: '/v1/accounts/acct_2' };
    expect(readEvent(body({ type, related_object, context: 'acct_2' }))).toMatchObject({
      head: { account: 'acct_2' },
      reading: reference('acct_2'),
    });
  });

  it('happened on the account at the end of its context', () => {
    expect(readEvent(body({ context: 'org_1/acct_3' })).head).toMatchObject({ account: 'acct_3' });
    expect(readEvent(body({ context: 'org_1' })).head).toMatchObject({ account: undefined });
  });

  it.each([
    'v1.payment_intent.succeeded',
    'v2.core.account_person.updated',
    'v2.core.account_link.returned',
    'v2.core.event_destination.ping',
    'v2.money_management.payout_intent.posted',
  ])('%s has no use', (type) => {
    expect(readEvent(body({ type })).reading).toEqual({ kind: 'unused', reason: 'type_not_used' });
  });

  it.each<[string, object]>([
    ['event.related_object', { related_object: null }],
    ['event.related_object', { related_object: 'acct_1' }],
    ['event.related_object.type', { related_object: { id: 'ba_1', type: 'v2.core.bank', url: '' } }],
    ['event.related_object.id', { related_object: { id: '', type: 'account', url: '' } }],
  ])('that names none is set aside by name: %s', (path, over) => {
    expect(readEvent(body(over)).reading).toEqual({ kind: 'unreadable', reason: `body_unreadable ${path}` });
  });

  it.each<object>([
    { created: 1_794_694_400 },
    { created: 'today' },
    { created: '2026-13-45T00:00:00Z' },
    { context: {} },
  ])('with %p is no event', (over) => {
    expect(readEvent(body(over)).head).toBeUndefined();
  });

  it('is no snapshot event, and a snapshot is no thin one', () => {
    expect(readEvent(body({ object: 'event' })).head).toBeUndefined();
  });
});
