import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { LookupRefused } from '../errors.js';
import { eventBody, payout } from './events/testing/objects.js';
import { StripeProcessor } from './index.js';

/** What Stripe answers and the sandbox never does. */
let answer: { status: number; body: string };
let server: Server;
let processor: StripeProcessor;
beforeAll(async () => {
  server = createServer((_request, response) => {
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  processor = new StripeProcessor({ apiKey: 'sk_test_1', apiBase: `http://127.0.0.1:${port}`, timeoutMs: 2_000 });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const refusal = (status: number, code: string) => ({
  status,
  body: JSON.stringify({ error: { type: 'invalid_request_error', code, message: 'never shown' } }),
});

const listOf = (...data: unknown[]) => ({
  status: 200,
  body: JSON.stringify({ object: 'list', data, has_more: false, url: '/v1/events' }),
});

const always = { from: new Date(0), to: new Date() };
const firstEvent = async (account?: string) => {
  for await (const event of processor.listEvents(always, account)) return event;
  return undefined;
};

describe('an account that is not there', () => {
  it('is nothing, also where Stripe refuses to tell it from that of somebody else', async () => {
    answer = refusal(403, 'account_invalid');
    expect(await processor.retrieveAccount('acct_1')).toBeUndefined();
  });
  it('is not what every other refusal says', async () => {
    answer = refusal(400, 'parameter_invalid_string');
    await expect(processor.retrieveAccount('acct_1')).rejects.toThrow(LookupRefused);
  });
});

describe('a listed event', () => {
  it('is told to be of the account whose events were listed, as a delivered one is', async () => {
    answer = listOf(JSON.parse(eventBody('payout.paid', payout('2026-10-28.endive'))));
    const listed = await firstEvent('acct_1');
    expect(listed?.head.account).toBe('acct_1');
    expect(JSON.parse(listed?.body ?? '')).toMatchObject({ id: 'evt_1P1', account: 'acct_1' });
    expect((await firstEvent())?.head.account).toBeUndefined();
  });

  it('that is none refuses the listing, and is not left out', async () => {
    answer = listOf({ id: 'evt_1', object: 'event' });
    await expect(firstEvent()).rejects.toThrow(new LookupRefused('unreadable_answer'));
  });
});

it('a dispute in a state that this release does not know leaves the submission unknown', async () => {
  answer = { status: 200, body: JSON.stringify({ id: 'dp_1', object: 'dispute', status: 'arbitration' }) };
  const submission = { processorDisputeId: 'dp_1', evidence: {}, submit: true };
  await expect(processor.submitEvidence(submission, 'key')).rejects.toMatchObject({ reason: 'unreadable_answer' });
});

it('payouts below 0, debits of the bank account, are listed as such', async () => {
  const version = '2026-10-28.endive';
  answer = listOf(payout(version, { id: 'po_1', amount: -5 }), payout(version, { id: 'po_2', status: 'paid' }));
  const listed: number[] = [];
  for await (const each of processor.listPayouts(always)) listed.push(each.payout.amount);
  expect(listed[0]).toBe(-5);
  expect(listed).toHaveLength(2);
});
