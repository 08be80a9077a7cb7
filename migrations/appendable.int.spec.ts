import type { EventType } from '#contracts';
import { eventTypes, streamIdOf } from '#contracts';

import { randomUUID } from 'node:crypto';

import pg from 'pg';

import type { TestDatabase } from '../test/database/index.js';
import { createTestDatabase } from '../test/database/index.js';
import { Attempts } from './testing/attempts.js';
import { functions } from './testing/beyond-the-tenant.js';
import { serviceRolesOf } from './testing/catalogue.js';
import { aggregates, aggregatesOf, streamFor } from './testing/event-aggregates.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const edges = ['billing_api', 'billing_command_worker'];
const ears = ['billing_gateway', 'billing_webhook_ingest'];

/** Who adds, suspends and reinstates tenants. */
const administrators = ['billing_api', 'billing_operator'];

/** What comes of our own calls and looks alone. */
const caller = ['billing_gateway'];

/** What is asked for, by whom, and what only a caller learns; all other events are facts, which those record who hear the processor. */
const asked: Partial<Record<EventType, string[]>> = {
  CustomerCreated: edges,
  // The gateway asks for the attachment of what it has just seen set up.
  PaymentMethodAttachRequested: [...edges, ...caller],
  PaymentMethodDetachRequested: edges,
  CustomerDefaultPaymentMethodSet: edges,
  SetupIntentRequested: edges,
  PaymentCreated: edges,
  // With a confirmation token the attempt is requested by who has looked what the token holds.
  PaymentRequested: [...edges, 'billing_gateway'],
  ConfirmationTokenPresented: edges,
  ConfirmationTokenInspected: caller,
  ConfirmationTokenRefused: caller,
  PaymentActionFinished: edges,
  PaymentActionStillRequired: caller,
  CheckoutSessionCreated: ['billing_api'],
  CheckoutSessionSetupStarted: ['billing_api'],
  CheckoutSessionExpired: ['billing_api'],
  CaptureRequested: edges,
  CancelRequested: edges,
  RefundRequested: edges,
  DisputeEvidenceRequested: edges,
  // A fact, and the one that an edge may write: at once, where the processor knows nothing of the payment.
  PaymentCanceled: [...edges, ...ears],
  ConnectedAccountLinked: ['billing_api'],
  TenantAdded: administrators,
  TenantSuspended: administrators,
  TenantReinstated: administrators,
  AccessDenied: [...edges, 'billing_webhook_ingest'],
  // Analysts record that they read the log, and can append nothing else.
  PrivilegedAccessGranted: [...edges, 'billing_analyst', 'billing_operator'],
  // Which keys sign the log is an operator's word; the anchor, who signs, has none in it.
  AuditKeyIntroduced: ['billing_operator'],
  AuditKeyRetired: ['billing_operator'],
  PaymentLookupRequested: ['billing_webhook_ingest'],
  PaymentMethodLookupRequested: ['billing_webhook_ingest'],
  ConnectedAccountLookupRequested: ['billing_webhook_ingest'],
  SetupIntentLookupRequested: ['billing_webhook_ingest'],
  CustomerRegistered: caller,
  CustomerRegistrationFailed: caller,
  PaymentMethodAttached: caller,
  PaymentMethodAttachFailed: caller,
  PaymentMethodUpdated: caller,
  PaymentMethodDetachFailed: caller,
  PaymentMethodExpiring: caller,
  SetupIntentCreated: caller,
  SetupIntentActionRequired: caller,
  SetupIntentProcessing: caller,
  SetupIntentSucceeded: caller,
  SetupIntentFailed: caller,
  SetupIntentCanceled: caller,
  CaptureFailed: caller,
  CancelFailed: caller,
  DisputeEvidenceSubmitted: caller,
  DisputeEvidenceFailed: caller,
  ConnectedAccountReported: caller,
};

/** What may be said of a suspended tenant by whom it may be said at all; facts always, since the money has moved. */
const whileSuspended: EventType[] = [
  ...(['TenantSuspended', 'TenantReinstated', 'AccessDenied', 'PrivilegedAccessGranted'] as const),
  // In the platform's own log, which nobody writes to otherwise.
  ...(['AuditKeyIntroduced', 'AuditKeyRetired'] as const),
];

const expected = Object.fromEntries(
  (Object.keys(eventTypes) as EventType[]).map((type) => [type, [...(asked[type] ?? ears)].sort()]),
);
const isOpen = (role: string, type: string) => ears.includes(role) || (whileSuspended as string[]).includes(type);

/** Who may bring claims and counters to which streams: a customer's email, and an account at the processor. */
const mayClaim: Record<string, string[]> = {
  billing_api: ['customer', 'connected_account'],
  billing_command_worker: ['customer'],
};

interface AppendableRow {
  type: EventType;
  roles: string[];
  open: string[] | null;
}

describe('who may append which event', () => {
  it('is told of every type: what is asked for by those who ask, facts by those who hear the processor', async () => {
    const { rows } = await database.admin.query<AppendableRow>(
      `select event_type as type, array_agg(distinct role_name::text order by role_name::text) as roles,
        array_agg(distinct role_name::text order by role_name::text) filter (where while_suspended) as open
      from billing.appendable group by event_type`,
    );
    expect(Object.fromEntries(rows.map(({ type, roles }) => [type, roles]))).toEqual(expected);
    const open = Object.entries(expected).map(([type, roles]) => [type, roles.filter((role) => isOpen(role, type))]);
    expect(Object.fromEntries(rows.map(({ type, open: found }) => [type, found ?? []]))).toEqual(
      Object.fromEntries(open),
    );
  });

  it('is told for the streams that the domain has these events in, every one and no other', async () => {
    const { rows } = await database.admin.query<{ role: string; type: string; of: string[] }>(
      `select role_name::text as role, event_type as type, array_agg(aggregate order by aggregate) as of
      from billing.appendable group by 1, 2`,
    );
    expect(rows.map(({ type, of }) => [type, of])).toEqual(rows.map(({ type }) => [type, aggregatesOf(type)]));
    expect(Object.keys(eventTypes).filter((type) => aggregatesOf(type).length === 0)).toEqual([]);
  });

  it('may bring claims and counters to the streams that need them, and is an edge', async () => {
    const { rows } = await database.admin.query<{ role: string; of: string[] }>(
      `select role_name::text as role, array_agg(distinct aggregate order by aggregate desc) as of from billing.appendable where claims group by 1`,
    );
    expect(Object.fromEntries(rows.map(({ role, of }) => [role, of]))).toEqual(mayClaim);
  });
});

/** SQLSTATE of what append raises. */
const [notAllowed, notThisShard, comesAlone, isSuspended] = ['42501', '23503', '23514', 'TS001'];

const array = (values: readonly (string | number)[], type: string) =>
  `array[${values.map((value) => pg.escapeLiteral(String(value))).join(', ')}]::${type}[]`;

/** What is claimed and counted beside the events, each for the command at a place from 1. */
interface Held {
  claims?: (number | null)[];
  counters?: (number | null)[];
}

/** The arrays of claims and counters. */
const heldOf = ({ claims = [], counters = [] }: Held): string[] => {
  const each = (values: (number | null)[]) => `array[${values.map((value) => value ?? 'null').join(', ')}]::integer[]`;
  const same = (values: unknown[], value: string, type: string) =>
    array(
      values.map(() => value),
      type,
    );
  return [
    ...[each(claims), same(claims, 'kind', 'text'), same(claims, randomUUID(), 'text')],
    ...[each(counters), same(counters, 'kind', 'text'), same(counters, randomUUID(), 'text')],
    ...[same(counters, '1', 'bigint'), same(counters, '9', 'bigint')],
  ];
};

/** One event each of some tenants, in one batch for a shard, on streams that do not exist yet; gives a row for each that was appended. */
const appendOf = (
  shard: number,
  events: { tenant: string; type: string; stream?: string; command?: string }[],
  held: Held = {},
): string => {
  const each = events.map((_, at) => at + 1);
  const ids = events.map(() => randomUUID());
  const parameters = [
    `${shard}::smallint`,
    array(
      events.map(({ tenant }) => tenant),
      'uuid',
    ),
    array(
      events.map(({ command }, at) => command ?? ids[at] ?? ''),
      'uuid',
    ),
    array(
      events.map(() => '\\x00'),
      'bytea',
    ),
    array(
      events.map(({ stream, type }, at) => stream ?? streamFor(type, ids[at] ?? '')),
      'text',
    ),
    array(
      events.map(() => 0),
      'integer',
    ),
    array(
      events.map(() => 1),
      'integer',
    ),
    array(ids, 'uuid'),
    array(
      events.map(() => '{}'),
      'jsonb',
    ),
    array(each, 'integer'),
    array(
      events.map(() => 1),
      'integer',
    ),
    array(ids, 'uuid'),
    array(
      events.map(({ type }) => type),
      'text',
    ),
    array(
      events.map(() => 1),
      'smallint',
    ),
    array(
      events.map(() => '{}'),
      'text',
    ),
    ...heldOf(held),
  ];
  return `select from billing.append(${parameters.join(', ')}) where status = 'ok'`;
};

describe('append, called by every role for every type of event', () => {
  const [here, elsewhere, suspended] = [randomUUID(), randomUUID(), randomUUID()];
  const types = [...Object.keys(eventTypes), 'NoSuchEvent'];
  let attempts: Attempts;
  let roles: string[];

  beforeAll(async () => {
    await database.addTenant({ id: here, shard: 3 });
    await database.addTenant({ id: elsewhere, shard: 4 });
    await database.addTenant({ id: suspended, shard: 3 });
    await database.admin.query('update billing.tenant set suspended_at = now() where id = $1', [suspended]);
    roles = await serviceRolesOf(database.admin);
    attempts = await Attempts.in(database);
  });
  afterAll(async () => {
    process.stdout.write(`append: ${attempts.count} tried by ${roles.length} roles over ${types.length} types\n`);
    await attempts.close();
  });

  /** What append should answer to each type, and what it does: the pairs that differ. */
  const differing = async (
    sqlOf: (role: string, type: string) => string,
    answerTo: (role: string, type: string) => string,
    among: (role: string, type: string) => boolean = () => true,
  ) => {
    const found: string[] = [];
    for (const role of roles) {
      const tried = types.filter((type) => among(role, type));
      const outcomes = await attempts.try(
        role,
        { name: 'its own tenant', tenant: here },
        tried.map((type) => sqlOf(role, type)),
      );
      outcomes.forEach((outcome, at) => {
        const answer = answerTo(role, tried[at] ?? '');
        if (!outcome.startsWith(answer)) found.push(`${role} ${tried[at]}: ${outcome}, not ${answer}`);
      });
    }
    return found;
  };
  const callers = functions.append?.callers ?? [];
  const may = (role: string, type: string) => expected[type]?.includes(role) ?? false;
  const turns = (type: string) => /^Tenant(Suspended|Reinstated)$/.test(type);
  const allowedOf = (role: string) => types.find((type) => may(role, type)) ?? 'PaymentCreated';

  it('takes what that role may write, and refuses the rest', async () => {
    const single = (_: string, type: string) => appendOf(3, [{ tenant: here, type }]);
    expect(await differing(single, (role, type) => (may(role, type) ? 'rows 1' : notAllowed))).toEqual([]);
  });

  it('refuses a batch for one event in it, wherever it stands', async () => {
    for (const goodFirst of [true, false]) {
      const mixed = (role: string, type: string) => {
        const batch = [
          { tenant: here, type: allowedOf(role) },
          { tenant: here, type },
        ];
        return appendOf(3, goodFirst ? batch : batch.reverse());
      };
      const answer = (role: string, type: string) => {
        if (!callers.includes(role)) return notAllowed;
        // It comes alone in its batch, whoever brings it.
        if (turns(type) || turns(allowedOf(role))) return comesAlone;
        return may(role, type) ? 'rows 2' : notAllowed;
      };
      expect(await differing(mixed, answer)).toEqual([]);
    }
  });

  it('refuses an event in a stream of another kind, or of none', async () => {
    const words = aggregates.map((aggregate) => streamIdOf(aggregate, ''));
    for (const word of words) {
      const stray = (_: string, type: string) => appendOf(3, [{ tenant: here, type, stream: word + randomUUID() }]);
      const belongs = (type: string) => aggregatesOf(type).some((aggregate) => streamIdOf(aggregate, '') === word);
      const answer = (role: string, type: string) => (may(role, type) && belongs(type) ? 'rows 1' : notAllowed);
      expect([word, await differing(stray, answer)]).toEqual([word, []]);
    }
    const disguises = ['WORD', 'WORDs-', 'WORD_', '-WORD-', 'x-WORD-', ' WORD-', '%-', '_-'];
    for (const disguise of disguises) {
      const stray = (_: string, type: string) => {
        const word = disguise.replace('WORD', aggregatesOf(type)[0] ?? 'payment');
        return appendOf(3, [{ tenant: here, type, stream: word + randomUUID() }]);
      };
      expect(await differing(stray, () => notAllowed, may)).toEqual([]);
    }
  });

  it('refuses a batch for one event in a stream of another kind, wherever it stands', async () => {
    const wrong = (type: string) =>
      aggregates.find((aggregate) => !aggregatesOf(type).includes(aggregate)) ?? 'payment';
    for (const goodFirst of [true, false]) {
      const mixed = (role: string, type: string) => {
        const good = { tenant: here, type: allowedOf(role) };
        const stray = { tenant: here, type, stream: streamIdOf(wrong(type), randomUUID()) };
        return appendOf(3, goodFirst ? [good, stray] : [stray, good]);
      };
      const answer = (role: string, type: string) =>
        callers.includes(role) && (turns(type) || turns(allowedOf(role))) ? comesAlone : notAllowed;
      expect(await differing(mixed, answer)).toEqual([]);
    }
  });

  it('takes claims and counters from who needs them, where they need them, and refuses the rest', async () => {
    const holds = (role: string, type: string) =>
      may(role, type) && aggregatesOf(type).some((aggregate) => mayClaim[role]?.includes(aggregate));
    for (const held of [{ claims: [1] }, { counters: [1] }, { claims: [1], counters: [1, 1] }]) {
      const single = (_: string, type: string) => appendOf(3, [{ tenant: here, type }], held);
      const answer = (role: string, type: string) => (holds(role, type) ? 'rows 1' : notAllowed);
      expect(await differing(single, answer)).toEqual([]);
    }
  });

  it('refuses claims and counters of no command, and of one that hides behind another', async () => {
    const good = { tenant: here, type: 'CustomerCreated' };
    const hiding = { tenant: here, type: 'PrivilegedAccessGranted' };
    const pool = database.pool('billing_api');
    for (const place of [null, 0, 2, 3])
      for (const held of [{ claims: [1, place] }, { counters: [place, 1] }, { claims: [1], counters: [place] }])
        await expect(pool.query(appendOf(3, [good, hiding], held))).rejects.toThrow(
          'billing_api may not append claims and counters to',
        );
    expect((await pool.query(appendOf(3, [good, hiding], { claims: [1], counters: [1] }))).rowCount).toBe(2);
  });

  it('refuses an event of a tenant in another shard, alone and beside a good one', async () => {
    const strays = (_: string, type: string) => appendOf(4, [{ tenant: here, type }]);
    expect(await differing(strays, (role, type) => (may(role, type) ? notThisShard : notAllowed))).toEqual([]);
    const smuggled = (role: string, type: string) =>
      appendOf(3, [
        { tenant: here, type: allowedOf(role) },
        { tenant: elsewhere, type },
      ]);
    const answers = await differing(smuggled, () => 'refused');
    expect(answers).toHaveLength(roles.length * types.length);
    expect(answers.filter((line) => / rows [1-9]/.test(line))).toEqual([]);
  });

  it('refuses for a suspended tenant what is not said of one', async () => {
    const single = (_: string, type: string) => appendOf(3, [{ tenant: suspended, type }]);
    const answer = (role: string, type: string) => {
      if (!may(role, type)) return notAllowed;
      return isOpen(role, type) ? 'rows 1' : isSuspended;
    };
    expect(await differing(single, answer)).toEqual([]);
  });

  it("does not know another tenant's streams and commands by their ids: they are not in the way, and nothing of them changes", async () => {
    const [stream, command] = [`payment-${randomUUID()}`, randomUUID()];
    const first = appendOf(4, [{ tenant: elsewhere, type: 'PaymentCreated', stream, command }]);
    expect((await database.pool('billing_api').query(first)).rowCount).toBe(1);
    const before = await database.admin.query('select * from billing.stream where tenant_id = $1', [elsewhere]);
    const same = (_: string, type: string) => appendOf(3, [{ tenant: here, type, stream, command }]);
    const ofPayments = (type: string) => aggregatesOf(type).includes('payment');
    const answer = (role: string, type: string) => (may(role, type) && ofPayments(type) ? 'rows 1' : notAllowed);
    expect(await differing(same, answer)).toEqual([]);
    const after = await database.admin.query('select * from billing.stream where tenant_id = $1', [elsewhere]);
    expect(after.rows).toEqual(before.rows);
  });
});
