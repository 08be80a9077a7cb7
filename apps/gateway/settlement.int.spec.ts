import { randomUUID } from 'node:crypto';

import { StripeProcessor } from '#processor/stripe';

import { until } from './testing/clock.js';
import { Workbench } from './testing/workbench.js';

let bench: Workbench;
/** A processor whose balance transactions come later than its answers. */
class LateSettlements extends StripeProcessor {
  settled = false;

  override async requestPayment(...args: Parameters<StripeProcessor['requestPayment']>) {
    const outcome = await super.requestPayment(...args);
    if (outcome.outcome === 'succeeded') outcome.value.settlement = undefined;
    return outcome;
  }

  override async refundPayment(...args: Parameters<StripeProcessor['refundPayment']>) {
    const outcome = await super.refundPayment(...args);
    if (outcome.outcome === 'succeeded') outcome.value.settlement = undefined;
    return outcome;
  }

  override async retrievePayment(...args: Parameters<StripeProcessor['retrievePayment']>) {
    const payment = await super.retrievePayment(...args);
    return payment && { ...payment, ...(!this.settled && { settlement: undefined, settlements: [] }) };
  }

  override async fetchRefundSettlement(...args: Parameters<StripeProcessor['fetchRefundSettlement']>) {
    return this.settled ? super.fetchRefundSettlement(...args) : undefined;
  }
}

let processor: LateSettlements;
beforeEach(async () => {
  bench = await Workbench.open();
  processor = new LateSettlements({ apiKey: 'sk_test_sandbox', apiBase: bench.sandbox.url });
  await bench.gateway({ processor });
});
afterEach(() => bench.close());

it('a settlement that is not there when money moves is fetched later, for a charge and for a refund', async () => {
  const payer = await bench.payer();
  const paymentId = await bench.charge(payer);
  await bench.reaches(paymentId, 'succeeded');
  const refundId = randomUUID();
  await bench.command(paymentId, { type: 'RefundPayment', refundId, amount: 300 });
  await bench.reaches(paymentId, 'partially_refunded');
  await until(
    async () => (await bench.calls()).filter(({ last_error }) => last_error === 'settlement_pending').length === 2,
  );
  expect((await bench.api.payment(bench.tenantId, paymentId)).settlements).toEqual({});
  processor.settled = true;
  bench.clock.advance(60_000);
  await bench.idle();
  const { settlements } = await bench.api.payment(bench.tenantId, paymentId);
  const byGross = Object.values(settlements).sort((a, b) => b.gross - a.gross);
  expect(byGross).toMatchObject([{ gross: 1_000 }, { sourceId: refundId, gross: -300 }]);
});

it('a settlement that does not come within a day is left to reconciliation', async () => {
  const payer = await bench.payer();
  await bench.reaches(await bench.charge(payer), 'succeeded');
  await until(async () => (await bench.calls())[0]?.last_error === 'settlement_pending');
  bench.clock.advance(25 * 3_600_000);
  await bench.idle();
});
