import type { Outcome } from './outcome.js';
import type { Stage } from './stage.js';
import { openStage } from './stage.js';
import { stories } from './stories.js';
import { played, told } from './telling.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 60_000);
afterAll(() => stage.close());

/** How a story ends, told as it happened. */
const endOf = async (name: string): Promise<Outcome> => {
  const story = stories.find((each) => each.name === name);
  if (!story) throw new Error(`there is no story of ${name}`);
  const { player, events } = await played(stage, story);
  const outcome = await told(stage, player, events);
  const { rows } = await stage.bench.database.admin.query<{ type: string; state: string }>(
    "select type, state from billing.webhook_events where state not in ('applied', 'ignored')",
  );
  expect(rows).toEqual([]);
  return outcome;
};

const ready = { chargesEnabled: true, payoutsEnabled: true, detailsSubmitted: true, requirementsDue: [] };
const usd = { amount: 3_000, currency: 'usd' };

it('of a connected account, a payout that is paid has left its balance', async () => {
  const { balances, payouts, accounts } = await endOf('a payout that is paid');
  expect(payouts).toEqual([{ ...usd, stage: { phase: 'paid' } }]);
  expect(accounts).toMatchObject([ready]);
  expect(balances).toEqual({ 'connected_balance usd': -3_000, 'payouts_paid usd': 3_000 });
});

it('one that fails after it was paid is back', async () => {
  const { balances, payouts } = await endOf('a payout that is paid, and fails after all');
  expect(payouts).toMatchObject([{ ...usd, stage: { phase: 'failed' } }]);
  expect(Object.values(balances).filter((amount) => amount !== 0)).toEqual([]);
});

it('one that is canceled is back, and another one is not', async () => {
  const { balances, payouts } = await endOf('a payout that is canceled, and another one that is paid');
  expect(payouts).toEqual([
    { ...usd, amount: 2_000, stage: { phase: 'paid' } },
    { ...usd, stage: { phase: 'failed', code: 'canceled' } },
  ]);
  expect(balances).toMatchObject({ 'connected_balance usd': -2_000, 'payouts_paid usd': 2_000 });
});

it('an account that the processor rejects stands so', async () => {
  const { accounts, payouts } = await endOf('an account that the processor rejects');
  expect(accounts).toMatchObject([{ chargesEnabled: false, payoutsEnabled: false, disabledReason: 'rejected.fraud' }]);
  expect(payouts).toEqual([]);
});
