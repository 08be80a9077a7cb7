import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Stripe from 'stripe';
import { StripeProcessor } from '#processor/stripe';
import type { StripeSandbox } from '#stripe-sandbox';
import { startStripeSandbox } from '#stripe-sandbox';
import { addedByEndive } from './added-by-endive.js';
import { tourProcessor } from './processor-tour.js';
import type { Exchange, Recorder } from './recorder.js';
import { startRecorder } from './recorder.js';
import { tourAccounts, tourDisputes, tourPayments, tourRefusals, tourWebhooks } from './sandbox-tour.js';
import type { StripeMock } from './stripe-mock.js';
import { howToInstall, openDocument, startStripeMock, stripeMockInstalled } from './stripe-mock.js';

const missing = `stripe-mock is not on PATH; install it with: ${howToInstall}`;
const installed = await stripeMockInstalled();
const skipped = !installed && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${missing}\n`);

const pathOf = ({ path }: Exchange): string => path.split('?')[0] ?? '';
const counted = (findings: readonly string[]): string[] => [...new Set(findings)].sort();

(skipped ? describe.skip : describe)('the sandbox, judged by stripe-mock', () => {
  let mock: StripeMock;
  let sandbox: StripeSandbox;
  let recorder: Recorder;
  /** Of what has been started, the last one first. */
  const started: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    if (!installed) throw new Error(missing);
    const directory = await mkdtemp(join(tmpdir(), 'judged-sandbox-'));
    started.unshift({ close: () => rm(directory, { recursive: true }) });
    sandbox = await startStripeSandbox({ directory, port: 0, settleDelay_ms: 3_600_000 });
    started.unshift(sandbox);
    recorder = await startRecorder(sandbox.url);
    started.unshift(recorder);
    mock = await startStripeMock();
    started.unshift(mock);
    const stripe = new Stripe('sk_test_123', {
      host: '127.0.0.1',
      port: recorder.port,
      protocol: 'http',
      maxNetworkRetries: 0,
    });
    const settle = async (): Promise<void> => {
      await fetch(`${sandbox.url}/sandbox/settle`, { method: 'POST' });
    };
    await tourPayments(stripe, settle);
    await tourDisputes(stripe, settle);
    await tourAccounts(stripe, settle);
    await tourWebhooks(stripe);
    const confirm = async (): Promise<string> =>
      (await stripe.testHelpers.confirmationTokens.create({ payment_method: 'pm_card_visa' })).id;
    await tourProcessor(new StripeProcessor({ apiKey: 'sk_test_123', apiBase: recorder.url }), settle, confirm);
    await tourRefusals(stripe);
  }, 60_000);
  afterAll(async () => {
    for (const each of started) await each.close();
  });

  it('is asked nothing that the API does not take', async () => {
    const taken = recorder.exchanges.filter(({ status }) => status !== 400);
    const refusals: string[] = [];
    for (const exchange of taken) {
      const why = await mock.refuses(exchange);
      if (why !== undefined) refusals.push(why);
    }
    expect(refusals).toEqual([]);
    expect(taken.length).toBeGreaterThan(120);
  }, 60_000);

  it('refuses the parameters that the API does not know, as the mock does', async () => {
    const unknown = recorder.exchanges.filter(({ answer }) => JSON.stringify(answer).includes('parameter_unknown'));
    expect(unknown.length).toBeGreaterThan(3);
    for (const exchange of unknown) expect(await mock.refuses(exchange)).toBeDefined();
  });

  it('answers as the API does, but for what the version after it has added', async () => {
    const document = await openDocument();
    if (!document) throw new Error(missing);
    expect(document.version).toBe('2026-08-26.dahlia');
    const findings = counted(
      recorder.exchanges.flatMap((exchange) =>
        document.answer(exchange.method, pathOf(exchange), exchange.status, exchange.answer),
      ),
    );
    expect(findings).toEqual([...addedByEndive].sort());
  });

  it('tells events of objects as the API shows them', async () => {
    const document = await openDocument();
    if (!document) throw new Error(missing);
    const stripe = new Stripe('sk_test_123', { host: '127.0.0.1', port: sandbox.port, protocol: 'http' });
    const types = new Set<string>();
    const findings: string[] = [];
    for await (const event of stripe.events.list({ limit: 100 })) {
      types.add(event.type);
      findings.push(...document.object(event.data.object));
    }
    const added: ReadonlySet<string> = new Set(addedByEndive);
    expect(counted(findings).filter((finding) => !added.has(finding))).toEqual([]);
    expect(types.size).toBeGreaterThan(25);
  });
});
