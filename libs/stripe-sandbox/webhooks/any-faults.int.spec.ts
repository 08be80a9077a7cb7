import fc from 'fast-check';
import Stripe from 'stripe';
import type { Receiver } from '../testing/receiver.js';
import { eventually, startReceiver } from '../testing/receiver.js';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

const events = 12;

let sandbox: SpecSandbox;
let receiver: Receiver;
let stripe: Stripe;
beforeAll(async () => {
  receiver = await startReceiver();
  const webhooks = [{ url: receiver.url, secret: 'whsec_any' }];
  sandbox = await startSpecSandbox({ webhooks, webhookRetryScale: 1e-6 });
  stripe = new Stripe('sk_test_123', sandbox.client);
});
afterAll(async () => {
  await sandbox.discard();
  await receiver.close();
});

const times = fc.integer({ min: 1, max: 4 });
const delayMs = fc.integer({ min: 0, max: 20 });
const fault = fc.oneof(
  fc.record({ fault: fc.constant('drop'), match: fc.record({ times }) }),
  fc.record({ fault: fc.constant('duplicate'), copies: fc.integer({ min: 1, max: 3 }), match: fc.record({ times }) }),
  fc.record({ fault: fc.constant('delay'), delayMs, match: fc.record({ times }) }),
  fc.record({ fault: fc.constant('reorder'), delayMs, match: fc.record({ times: fc.integer({ min: 2, max: 5 }) }) }),
  fc.record({ fault: fc.constant('lose_answer'), match: fc.record({ times }) }),
);

describe('whatever faults are asked for', () => {
  it('every event but the dropped ones comes at least once, and those never', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 5 }),
        fc.array(fc.constantFrom(200, 200, 500), { minLength: events, maxLength: events }),
        async (faults, answers) => {
          receiver.received.length = 0;
          receiver.answer = (response, index) => response.writeHead(answers[index] ?? 200).end();
          for (const each of faults) await sandbox.tell('webhooks', each);
          const made = Array.from({ length: events }, () => stripe.customers.create({}));
          const ids = new Set((await Promise.all(made)).map(({ id }) => id));
          const waiting = async () => (await sandbox.request('GET', '/sandbox/webhooks?limit=1')).json.waiting;
          await eventually('all are delivered', async () => (await waiting()) === 0);
          await sandbox.request('DELETE', '/sandbox/webhooks');

          const came = new Set(receiver.received.map(({ json }) => json.data.object.id));
          const { data } = await stripe.events.list({ delivery_success: false, limit: 100 });
          const dropped = data
            .map(({ data: { object } }) => (object as Stripe.Customer).id)
            .filter((id) => ids.has(id));
          expect(dropped.filter((id) => came.has(id))).toEqual([]);
          expect(came.size + dropped.length).toBe(events);
        },
      ),
      { numRuns: 25 },
    );
  }, 60_000);
});
