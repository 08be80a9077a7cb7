import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { eventTypes } from '#contracts';
import { commandTypes } from '#command-handling';
import { encodeData } from '#event-store';
import { Parser } from '@asyncapi/parser';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';

import { arbitraryFact, arbitraryRequest } from '../../libs/domain/testing/arbitraries.spec.js';
import { aCharge, anAuthorization, captureRequested, disputeOpened } from '../../libs/domain/testing/payments.js';
import type { BillingEvent } from '#domain';
import { Refusal } from '#domain';
import type { CustomerCommand } from '#domain/customer';
import { decideCustomer, evolveCustomer, initialCustomer } from '#domain/customer';
import type { PaymentMethodCommand } from '#domain/payment-method';
import { decidePaymentMethod, evolvePaymentMethod, initialPaymentMethod } from '#domain/payment-method';
import { decide, evolve, initialPayment } from '#domain/payment';
import type { ConnectedAccountCommand } from '#domain/connected-account';
import { decideConnectedAccount, evolveConnectedAccount, initialConnectedAccount } from '#domain/connected-account';
import type { RecordPayout } from '#domain/payout';
import { decidePayout, evolvePayout, initialPayout } from '#domain/payout';
import { asyncApiDocument } from './asyncapi.js';
import { breaksPublished } from './compatibility.js';
import { generatedFiles, readContracts, schemaFiles } from './contracts.js';
import { headersFor } from './header-samples.js';
import { readPublished, withOlderVersions } from './published.js';
import type { Schema } from './schema.js';

const root = process.cwd();
const contracts = await readContracts(root);
const published = await readPublished(root);
const schemas = withOlderVersions(schemaFiles(contracts), published);

const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true, allErrors: true });
addFormats.default(ajv);
ajv.addKeyword('x-extensible-enum');
const validators = new Map<string, ValidateFunction>([...schemas].map(([file, schema]) => [file, ajv.compile(schema)]));

/** What is wrong with a value of a file's schema; empty when nothing is. */
const wrongWith = (file: string, value: unknown): string[] => {
  const validate = validators.get(file);
  if (!validate) return [`there is no ${file}`];
  return validate(value)
    ? []
    : (validate.errors ?? []).map((error: ErrorObject) => `${error.instancePath} ${error.message}`);
};

describe('the published contracts', () => {
  it('are what the code says: if not, run `npm run contracts` and look at what changes', async () => {
    for (const [path, text] of await generatedFiles(contracts, schemas)) {
      const committed = await readFile(join(root, path), 'utf8').catch(() => 'nothing');
      expect([path, committed]).toEqual([path, text]);
    }
  });

  it('hold no schema that nothing makes any more', async () => {
    const files = await readdir(join(root, 'docs/contracts/schemas'), { recursive: true });
    expect(files.filter((file) => file.endsWith('.json')).sort()).toEqual([...schemas.keys()].sort());
  });

  it('have a schema for every type of event and command at its version', () => {
    const events = Object.entries(eventTypes).map(([type, { version }]) => `events/${type}.v${version}.json`);
    const commands = Object.entries(commandTypes).map(([type, { version }]) => `commands/${type}.v${version}.json`);
    expect([...schemas.keys()]).toEqual(expect.arrayContaining([...events, ...commands]));
  });

  it('break nothing that was published: if they do, add a new version of the type', () => {
    expect(published.size).toBeGreaterThan(0);
    expect(breaksPublished(published, schemas)).toEqual([]);
  });

  it.each([...schemas])('say in %s what it is, with an example that holds', (file, schema) => {
    expect([schema.title, schema.description]).toEqual([expect.any(String), expect.any(String)]);
    if (!file.startsWith('headers/')) expect(schema.examples?.length).toBeGreaterThan(0);
    for (const example of schema.examples ?? []) expect(wrongWith(file, example)).toEqual([]);
  });

  it('have examples of headers that hold', () => {
    for (const type of Object.keys(commandTypes))
      expect(wrongWith('headers/command.v1.json', headersFor.command(type))).toEqual([]);
    for (const type of Object.keys(eventTypes))
      expect(wrongWith('headers/event.v1.json', headersFor.event(type))).toEqual([]);
  });
});

describe('the AsyncAPI document', () => {
  it('is valid, and says nothing that the parser warns of', async () => {
    const { document, diagnostics } = await new Parser().parse(JSON.stringify(asyncApiDocument(contracts)));
    // 3.0 is what most tools read; the parser would like the newest.
    const told = diagnostics.filter(({ code }) => code !== 'asyncapi-latest-version');
    expect(told.map(({ message, path }) => `${path.join('.')}: ${message}`)).toEqual([]);
    expect(document?.allMessages().length).toBe(Object.keys(eventTypes).length + Object.keys(commandTypes).length + 3);
  });
});

describe('the schemas of events', () => {
  /** The events as they are stored, against schemas that take no other field than those they name. */
  const expectDescribed = (events: readonly BillingEvent[]): void => {
    for (const event of events) {
      const file = `events/${event.type}.v${eventTypes[event.type].version}.json`;
      expect([event.type, wrongWith(`closed ${file}`, JSON.parse(encodeData(event)))]).toEqual([event.type, []]);
    }
  };
  beforeAll(() => {
    for (const [file, { $id: _, ...schema }] of schemas)
      if (schema.type === 'object')
        validators.set(`closed ${file}`, ajv.compile({ ...schema, additionalProperties: false } satisfies Schema));
  });

  it('describe every event that deciders make of any requests and facts', () => {
    const seen = new Set<string>();
    const begun = [
      aCharge(),
      anAuthorization(),
      [...anAuthorization(true), captureRequested(2_000)],
      [...aCharge(), disputeOpened(5_000)],
    ];
    const story = fc.array(fc.oneof(arbitraryRequest(), arbitraryFact()), { maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(...begun), story, (before, commands) => {
        let payment = before.reduce(evolve, initialPayment);
        for (const command of commands) {
          const events = unlessRefused(() => decide(command, payment));
          expectDescribed(events);
          payment = events.reduce(evolve, payment);
          for (const { type } of [...before, ...events]) seen.add(type);
        }
      }),
      { numRuns: 200 },
    );
    expect(seen.size).toBeGreaterThanOrEqual(26);
  });

  it('describe every event of customers and payment methods', () => {
    const at = '2026-11-01T10:00:00Z';
    const customer = (...commands: CustomerCommand[]) =>
      eventsOf(decideCustomer, evolveCustomer, initialCustomer, commands);
    const method = (...commands: PaymentMethodCommand[]) =>
      eventsOf(decidePaymentMethod, evolvePaymentMethod, initialPaymentMethod, commands);
    const create = { type: 'CreateCustomer', customerId: 'c1', personal: 'sealed', at } as const;
    const attach = { type: 'AttachPaymentMethod', paymentMethodId: 'm1', customerId: 'c1', kind: 'card', at } as const;
    const events: BillingEvent[] = [
      ...customer(create, { type: 'RegisterCustomer', processorCustomerId: 'cus_1', at }),
      ...customer(
        create,
        { type: 'FailCustomerRegistration', code: 'email_invalid', at },
        { type: 'RegisterCustomer', processorCustomerId: 'cus_1', at },
      ),
      ...method(attach, { type: 'RecordPaymentMethodAttached', details: 'sealed', at }),
      ...method(attach, {
        type: 'RecordPaymentMethodAttachFailed',
        code: 'card_declined',
        declineCode: 'lost_card',
        at,
      }),
      ...customer(
        create,
        { type: 'RecordCustomerDeleted', processorCustomerId: 'cus_1', at },
        { type: 'RecordFinancialAccount', processorFinancialAccountId: 'fca_1', connected: true, at },
      ),
      ...method(
        attach,
        { type: 'RecordPaymentMethodAttached', details: 'sealed', at },
        { type: 'RecordPaymentMethodUpdated', details: 'sealed anew', at },
        { type: 'RequestPaymentMethodLookup', lookupId: 'l1', reason: 'updated', at },
        { type: 'RecordMandate', processorMandateId: 'mandate_1', status: 'active', at },
        { type: 'RecordPaymentMethodDetached', at },
      ),
    ];
    expectDescribed(events);
    expect(new Set(events.map(({ type }) => type)).size).toBe(12);
  });

  it('describe every event of payouts and connected accounts', () => {
    const at = '2026-11-01T10:00:00Z';
    const payout = (...outcomes: RecordPayout['outcome'][]): BillingEvent[] =>
      eventsOf(
        decidePayout,
        evolvePayout,
        initialPayout,
        outcomes.map((outcome, turn) => ({
          ...{ type: 'RecordPayout', payoutId: 'o1', processorPayoutId: 'po_1', processorAccountId: 'acct_1' },
          ...{ amount: 100 + turn, currency: 'usd', arrivesOn: at, outcome, at },
        })),
      );
    const account = (...commands: ConnectedAccountCommand[]): BillingEvent[] =>
      eventsOf(decideConnectedAccount, evolveConnectedAccount, initialConnectedAccount, commands);
    const found = { chargesEnabled: true, payoutsEnabled: true, detailsSubmitted: true, requirementsDue: ['a', 'b'] };
    const events = [
      ...payout({ phase: 'in_transit' }, { phase: 'paid' }, { phase: 'failed', code: 'account_closed' }),
      ...account(
        { type: 'LinkConnectedAccount', connectedAccountId: 'a1', processorAccountId: 'acct_1', at },
        { type: 'RequestConnectedAccountLookup', lookupId: 'l1', at },
        { type: 'RecordConnectedAccount', ...found, disabledReason: 'under_review', at },
      ),
    ];
    expectDescribed(events);
    expect(new Set(events.map(({ type }) => type)).size).toBe(7); // with the drift of other amounts
  });

  it('would notice a field that they do not name, one that is missing and one of another type', () => {
    const [, , captured] = aCharge();
    const data = JSON.parse(encodeData(captured as BillingEvent)) as Record<string, unknown>;
    const file = 'events/PaymentCaptured.v1.json';
    for (const wrong of [
      { ...data, extra: 1 },
      { ...data, amount: undefined },
      { ...data, amount: 0.5 },
      { ...data, at: 'today' },
    ])
      expect(wrongWith(`closed ${file}`, JSON.parse(JSON.stringify(wrong)))).not.toEqual([]);
    expect(wrongWith(file, { ...data, extra: 1 })).toEqual([]);
  });
});

/** What a story of commands leaves in a stream. */
const eventsOf = <S, C, E>(
  decide: (command: C, state: S) => E[],
  evolve: (state: S, event: E) => S,
  initial: S,
  commands: readonly C[],
): E[] => {
  const events: E[] = [];
  for (const command of commands) events.push(...decide(command, events.reduce(evolve, initial)));
  return events;
};

const unlessRefused = <T>(act: () => T[]): T[] => {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
};
