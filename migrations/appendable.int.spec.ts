import type { EventType } from '#contracts';
import { eventTypes } from '#contracts';

import type { TestDatabase } from '../test/database/index.js';
import { createTestDatabase } from '../test/database/index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const edges = ['billing_api', 'billing_command_worker'];
const ears = ['billing_gateway', 'billing_webhook_ingest'];

/** What comes of our own calls and looks alone. */
const caller = ['billing_gateway'];

/** What is asked for, by whom, and what only a caller learns; all other events are facts, which those record who hear the processor. */
const asked: Partial<Record<EventType, string[]>> = {
  CustomerCreated: edges,
  PaymentMethodAttachRequested: edges,
  PaymentCreated: edges,
  PaymentRequested: edges,
  CaptureRequested: edges,
  CancelRequested: edges,
  RefundRequested: edges,
  DisputeEvidenceRequested: edges,
  PaymentCanceled: [...edges, ...ears], // at once, where the processor knows nothing of the payment
  ConnectedAccountLinked: ['billing_api'],
  PaymentLookupRequested: ['billing_webhook_ingest'],
  PaymentMethodLookupRequested: ['billing_webhook_ingest'],
  ConnectedAccountLookupRequested: ['billing_webhook_ingest'],
  CustomerRegistered: caller,
  CustomerRegistrationFailed: caller,
  PaymentMethodAttached: caller,
  PaymentMethodAttachFailed: caller,
  PaymentMethodUpdated: caller,
  CaptureFailed: caller,
  CancelFailed: caller,
  DisputeEvidenceSubmitted: caller,
  DisputeEvidenceFailed: caller,
  ConnectedAccountReported: caller,
};

describe('who may append which event', () => {
  it('is told of every type: what is asked for by those who ask, facts by those who hear the processor', async () => {
    const { rows } = await database.admin.query<{ type: string; roles: string[] }>(
      `select event_type as type, array_agg(role_name::text order by role_name::text) as roles
      from billing.appendable group by event_type`,
    );
    const expected = (Object.keys(eventTypes) as EventType[]).map((type) => [type, [...(asked[type] ?? ears)].sort()]);
    expect(Object.fromEntries(rows.map(({ type, roles }) => [type, roles]))).toEqual(Object.fromEntries(expected));
  });
});
