import pg from 'pg';

/** Column values of a row; those that are left out have a default. */
export type Row = Record<string, string | number | boolean | null>;

const at = '2026-11-01T10:00:00Z';
/** A uuid for the number `n`. */
const id = (n: number): string => `00000000-0000-4000-9000-${String(n).padStart(12, '0')}`;
const stream = (n: number): string => `payment-${id(n)}`;
const bytes = '\\x00';
const hash = `\\x${'00'.repeat(32)}`;

/** Runs of reconciliation that samples refer to; none of them is a tenant's. */
export const sampleRun = id(1);

/**
 * A row of each table of tenants. Rows of one tenant differ by `n` in every key; two tenants' rows of one `n` have the same keys but for
 * the tenant, where the key has it. A table without a sample fails the isolation matrix: add one here.
 */
export const samples: Record<string, (tenant: string, n: number) => Row> = {
  tenant: (tenant) => ({ id: tenant, name: 'Sample', shard: 0 }),
  stream: (tenant_id, n) => ({ tenant_id, stream_id: stream(n), version: 1 }),
  command: (tenant_id, n) => ({
    tenant_id,
    command_id: id(n),
    fingerprint: bytes,
    stream_id: stream(n),
    version: 1,
  }),
  claim: (tenant_id, n) => ({ tenant_id, kind: 'email', value: `v${n}`, stream_id: stream(n) }),
  counter: (tenant_id, n) => ({ tenant_id, kind: 'velocity', key: `k${n}`, total: 1 }),
  event: (tenant_id, n) => ({
    shard: 0,
    position: n,
    tenant_id,
    stream_id: stream(n),
    version: 1,
    event_id: id(n),
    type: 'PaymentCreated',
    schema_version: 1,
    correlation_id: id(n),
    causation_id: id(n),
    data: '{}',
    metadata: '{}',
  }),
  dead_letter: (tenant_id, n) => ({
    consumer: 'sample:isolation',
    shard: 0,
    position: n,
    tenant_id,
    stream_id: stream(n),
    event_id: id(n),
    event_type: 'PaymentCreated',
    reason: 'poison',
  }),
  tenant_key: (tenant_id, n) => ({ tenant_id, purpose: `audit_${n}`, version: 1, wrapped: bytes, superseded_at: at }),
  subject_key: (tenant_id, n) => ({ tenant_id, subject_id: id(n), purpose: 'contact', version: 1, wrapped: bytes }),
  processor_token: (tenant_id, n) => ({
    tenant_id,
    payment_method_id: id(n),
    customer_id: id(n),
    sealed: 'sealed',
    token_digest: hash,
  }),
  client_secret: (tenant_id, n) => ({ tenant_id, payment_id: id(n), attempt: 1, sealed: 'sealed', expires_at: at }),
  processor_call: (tenant_id, n) => ({
    tenant_id,
    call_id: id(n),
    shard: 0,
    stream_id: stream(n),
    operation: 'capture',
    request: '{}',
    idempotency_key: `key-${n}`,
    correlation_id: id(n),
    not_before: at,
    created_at: at,
  }),
  rm_payment: (tenant_id, n) => ({
    tenant_id,
    payment_id: id(n),
    customer_id: id(n),
    status: 'succeeded',
    created_at: at,
    version: 1,
    state: '{}',
  }),
  rm_refund: (tenant_id, n) => ({
    tenant_id,
    refund_id: id(n),
    payment_id: id(n),
    status: 'succeeded',
    created_at: at,
    version: 1,
    state: '{}',
  }),
  rm_dispute: (tenant_id, n) => ({
    tenant_id,
    dispute_id: id(n),
    payment_id: id(n),
    status: 'won',
    created_at: at,
    version: 1,
    state: '{}',
  }),
  rm_customer: (tenant_id, n) => ({ tenant_id, customer_id: id(n), created_at: at, version: 1, state: '{}' }),
  rm_payment_method: (tenant_id, n) => ({
    tenant_id,
    payment_method_id: id(n),
    customer_id: id(n),
    created_at: at,
    version: 1,
    state: '{}',
  }),
  rm_balance: (tenant_id, n) => ({ tenant_id, currency: 'usd', account: `account${n}`, amount: 1 }),
  rm_settlement: (tenant_id, n) => ({
    tenant_id,
    currency: 'usd',
    available_on: `2026-01-01T00:00:00.${String(n).padStart(6, '0')}Z`,
    amount: 1,
  }),
  rm_processor_object: (tenant_id, n) => ({ tenant_id, processor_id: `pi_${n}`, object_id: id(n), kind: 'payment' }),
  rebuild_aside: (tenant_id, n) => ({ model: 'payments', shard: 0, position: n, tenant_id }),
  webhook_events: (tenant_id, n) => ({
    processor: 'stripe',
    event_id: `evt_${n}`,
    source: 'reconciled',
    type: 'charge.captured',
    livemode: false,
    created_at: at,
    sealed: 'sealed',
    body_hash: hash,
    tenant_id,
  }),
  reconciliation_finding: (tenant_id, n) => ({
    run_id: sampleRun,
    tenant_id,
    outcome: 'drift',
    finding: 'differs',
    object: 'payment',
    aspect: 'captured',
    processor_id: `pi_${n}`,
    found_at: at,
  }),
  legal_hold: (tenant_id, n) => ({ tenant_id, hold_id: id(n), stream_id: stream(n), reason: `CASE-${n}` }),
  balance_brought_forward: (tenant_id, n) => ({ tenant_id, currency: 'usd', account: `account${n}`, amount: 1 }),
  connected_account_holder: (tenant_id, n) => ({
    processor: 'stripe',
    processor_account_id: `acct_${n}`,
    tenant_id,
  }),
};

/** `value` as a literal of SQL. */
export const literal = (value: Row[string] | undefined): string =>
  value === null || value === undefined ? 'null' : pg.escapeLiteral(String(value));

/** An insert of `row` into a table, of the columns named in `only` where it is given. */
export const insertOf = (table: string, row: Row, only?: readonly string[]): string => {
  const columns = Object.keys(row).filter((column) => only?.includes(column) ?? true);
  const values = columns.map((column) => literal(row[column]));
  return `insert into billing.${table} (${columns.join(', ')}) values (${values.join(', ')})`;
};
