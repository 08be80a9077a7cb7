import type { Standalone } from '../standalone/index.js';
import type { Load, Settled } from './load.js';

/** A payment intent as the sandbox's own records have it. */
interface Intent {
  id: string;
  status: string;
  amount_received: number;
  amount_refunded: number;
  successful_charges: number;
  metadata: { paymentId?: string };
}

const processorRecords = async (standalone: Standalone): Promise<Intent[]> => {
  const intents: Intent[] = [];
  for (;;) {
    const after = intents.at(-1)?.id;
    const page = await fetch(
      `${standalone.sandboxUrl}/sandbox/summary?limit=100${after ? `&starting_after=${after}` : ''}`,
      {
        headers: { authorization: 'Bearer sk_test_sandbox' },
      },
    );
    const { data, has_more } = (await page.json()) as { data: Intent[]; has_more: boolean };
    intents.push(...data);
    if (!has_more || data.length === 0) return intents;
  }
};

/** What the requests that were answered say about one payment. */
const expectations = (requests: readonly Settled[]): Map<string, { captured: number; refunded: number }> => {
  const expected = new Map<string, { captured: number; refunded: number }>();
  for (const request of requests) {
    if (request.kind === 'charge') {
      if (expected.has(request.payment.id))
        throw new Error(`two keys were answered with payment ${request.payment.id}`);
      expected.set(request.payment.id, { captured: request.payment.amountCaptured, refunded: 0 });
    } else if (request.refund.status === 'succeeded') {
      const payment = expected.get(request.refund.paymentId);
      if (payment) payment.refunded += request.refund.amount;
    }
  }
  return expected;
};

/** Compares what callers were told with the processor's own records and with our read models. Gives each difference as a line. */
export const compareBooks = async (
  standalone: Standalone,
  load: Load,
  requests: readonly Settled[],
): Promise<string[]> => {
  const differences: string[] = [];
  const expected = expectations(requests);
  const intents = await processorRecords(standalone);
  const byPayment = Map.groupBy(intents, (intent) => intent.metadata.paymentId ?? 'none');
  for (const [paymentId, { captured, refunded }] of expected) {
    const own = byPayment.get(paymentId) ?? [];
    const total = (pick: (intent: Intent) => number) => own.reduce((sum, intent) => sum + pick(intent), 0);
    const successes = total((intent) => intent.successful_charges);
    if (successes !== (captured > 0 ? 1 : 0)) differences.push(`${paymentId}: ${successes} successful charges`);
    if (total((intent) => intent.amount_received) !== captured)
      differences.push(
        `${paymentId}: told ${captured}, the processor took ${total((intent) => intent.amount_received)}`,
      );
    if (total((intent) => intent.amount_refunded) !== refunded)
      differences.push(
        `${paymentId}: told ${refunded} refunded, the processor returned ${total((intent) => intent.amount_refunded)}`,
      );
    const shown = await load.payment(paymentId);
    if (shown.amountCaptured !== captured || shown.amountRefunded !== refunded)
      differences.push(`${paymentId}: shown ${shown.amountCaptured} less ${shown.amountRefunded}`);
  }
  for (const paymentId of byPayment.keys())
    if (!expected.has(paymentId)) differences.push(`${paymentId}: the processor has it and no caller was answered`);
  const net = [...expected.values()].reduce((sum, { captured, refunded }) => sum + captured - refunded, 0);
  for (const { accounts } of await load.balances()) {
    const sum = Object.values(accounts).reduce((total, amount) => total + amount, 0);
    if (sum !== 0) differences.push(`the books sum to ${sum}`);
    if (-(accounts.tenant_payable ?? 0) !== net)
      differences.push(`tenant_payable is ${accounts.tenant_payable}, captured less refunded is ${net}`);
  }
  return differences;
};
