/** Who caused an event: a person or service by token, or one of our own processes. Never a name or an address. */
export interface Actor {
  type: 'person' | 'service' | 'system';
  subject: string;
}

/** What travels with an event but is not part of the fact. Stored as JSON beside `data`. */
export interface EventMetadata {
  /** The command id that began the story; every later event it leads to carries the same one. */
  correlationId: string;
  /** The command id that appended this event. */
  causationId: string;
  actor: Actor;
  /** W3C trace context of the request, where there was one. */
  traceparent?: string;
}

/** An event as a decider makes it: its type and its data, flat. */
export interface DomainEvent {
  readonly type: string;
}

/** An event as the log holds it. `position` has no gaps within `shard`; `version` has none within `streamId`. */
export interface RecordedEvent<E extends DomainEvent = DomainEvent> {
  shard: number;
  /** 1-based place in the shard; order of positions is the order of commits. */
  position: number;
  tenantId: string;
  streamId: string;
  /** 1-based place in the stream. */
  version: number;
  eventId: string;
  type: E['type'];
  schemaVersion: number;
  /** The event upcast to the current schema version, `type` included. */
  event: E;
  metadata: EventMetadata;
  /** RFC 3339 instant at which Postgres recorded it. */
  recordedAt: string;
}

/** The aggregates that own streams. These words are a storage format: stream ids begin with them. */
export type Aggregate =
  | 'customer'
  | 'payment_method'
  | 'setup_intent'
  | 'payment'
  | 'payout'
  | 'connected_account'
  | 'checkout_session'
  | 'tenant'
  | 'access'
  | 'audit_key';

const aggregates: ReadonlySet<string> = new Set<Aggregate>([
  'customer',
  'payment_method',
  'setup_intent',
  'payment',
  'payout',
  'connected_account',
  'checkout_session',
  'tenant',
  'access',
  'audit_key',
]);

/** `streamIdOf('payment', id)` is the stream of that payment. The form is a storage format. */
export const streamIdOf = (aggregate: Aggregate, id: string): string => `${aggregate}-${id}`;

/** Splits a stream id into its aggregate and the aggregate's id. Throws on anything `streamIdOf` did not make. */
export const parseStreamId = (streamId: string): { aggregate: Aggregate; id: string } => {
  const dash = streamId.indexOf('-');
  const aggregate = streamId.slice(0, dash);
  if (!isAggregate(aggregate)) throw new Error(`not a stream id: ${streamId}`);
  return { aggregate, id: streamId.slice(dash + 1) };
};

const isAggregate = (word: string): word is Aggregate => aggregates.has(word);
