import type { PreparedCommand } from './commands.js';
import type { CommandResult } from './generated/command-result.js';
import type { Http } from './http.js';
import { settlingEvent } from './settled.js';

const command: PreparedCommand = {
  type: 'CreatePayment',
  messageId: 'm1',
  tenantId: 't1',
  subject: undefined,
  body: Buffer.from('{}'),
  onBehalfOf: undefined,
  traceparent: undefined,
};
const result: CommandResult = {
  messageId: 'm1',
  commandId: 'c1',
  type: 'CreatePayment',
  outcome: 'accepted',
  resource: { type: 'payment', id: 'p1' },
};
const own = (type: string) => [type, 'c1', 'c1'] as const;
const caused = (type: string, by = 'c1') => [type, by, 'g1'] as const;

/** A service with these events in the stream that is asked for; `follow` keeps the answer open. */
const settledBy = async (
  events: (readonly [type: string, correlationId: string, causationId: string])[],
  { settled = false, of = command, resource = result.resource } = {},
): Promise<string | undefined> => {
  const asked: string[] = [];
  const lines = events.map(([type, correlationId, causationId], index) =>
    JSON.stringify({ position: `1:${index + 1}`, type, metadata: { correlationId, causationId } }),
  );
  const get = (path: string, { accept, signal }: { accept?: string; signal?: AbortSignal }): Promise<Response> => {
    asked.push(path);
    const live = accept === 'text/event-stream';
    const text = live ? lines.map((line) => `data: ${line}\n\n`).join('') : lines.map((line) => `${line}\n`).join('');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(path.includes('after') ? '' : text));
        if (!live) controller.close();
        signal?.addEventListener('abort', () => {
          if (live) controller.error(signal.reason);
        });
      },
    });
    return Promise.resolve(
      new Response(body, { headers: { 'content-type': live ? 'text/event-stream' : 'application/x-ndjson' } }),
    );
  };
  const accepted = { ...result, settled, ...(resource && { resource }) };
  const event = await settlingEvent({ get } as unknown as Http, of, accepted, AbortSignal.timeout(300));
  expect(asked[0]).toContain('streamId=payment-p1');
  return event === 'unknown' ? event : event?.type;
};

describe('what settles a command', () => {
  it("is the processor's answer, not what the command has written itself and not another's", async () => {
    const events = [
      own('PaymentCreated'),
      own('PaymentRequested'),
      caused('PaymentFailed', 'c0'),
      caused('PaymentCaptured'),
    ];
    expect(await settledBy(events)).toBe('PaymentCaptured');
    expect(await settledBy(events, { settled: true })).toBe('PaymentCaptured');
  });
  it("is the command's own last event where there is nothing to wait for", async () => {
    expect(await settledBy([own('PaymentCreated')], { settled: true })).toBe('PaymentCreated');
    const later = [own('PaymentCreated'), caused('PaymentRequested', 'c2'), caused('PaymentCaptured', 'c2')];
    expect(await settledBy(later, { settled: true })).toBe('PaymentCreated');
  });
  it('is nothing where nothing had to change', async () => {
    expect(await settledBy([caused('PaymentCaptured', 'c0')], { settled: true })).toBeUndefined();
  });
  it('is looked for in the payment of a refund', async () => {
    const of: PreparedCommand = { ...command, type: 'RefundPayment', subject: 'p1' };
    const events = [caused('PaymentCaptured', 'c0'), own('RefundRequested'), caused('RefundSucceeded')];
    expect(await settledBy(events, { of, resource: { type: 'refund', id: 'r1' } })).toBe('RefundSucceeded');
  });
  it('is looked for in the payment of a dispute, past what is said of the dispute itself', async () => {
    const of: PreparedCommand = { ...command, type: 'SubmitDisputeEvidence', subject: 'd1' };
    const events = [own('DisputeEvidenceRequested'), caused('DisputeReported'), caused('DisputeEvidenceSubmitted')];
    expect(await settledBy(events, { of })).toBe('DisputeEvidenceSubmitted');
  });
  it('is waited for no longer than was said', async () => {
    expect(await settledBy([own('PaymentCreated'), own('PaymentRequested')])).toBe('unknown');
  });
});
