/** The name of an event: the processor's own, unique for that processor. */
export interface EventName {
  /** Such as `stripe`. */
  processor: string;
  /** Such as `evt_1Nv0FG`. */
  eventId: string;
}

/** A verified event as it is first stored. */
export interface NewEvent extends EventName {
  /** The connected account it happened on; undefined for the platform's own. */
  account: string | undefined;
  type: string;
  /** Undefined for thin events. */
  apiVersion: string | undefined;
  livemode: boolean;
  /** The processor's time. */
  createdAt: Date;
  receivedAt: Date;
  /** What PlatformKeys.sealInbox gave for this event. */
  sealed: string;
  /** SHA-256 of the content, 32 bytes; see `contentHash`. */
  bodyHash: Buffer;
  /** Undefined: to be applied. Else why it never will be, a code. */
  ignored?: string;
}

/**
 * What became of storing an event. `duplicate`: it was there. `conflict`: it was there, delivered with another content, and the
 * first stands.
 */
export type Stored = 'stored' | 'duplicate' | 'conflict';

/** `delivered`: by webhook. `reconciled`: found in the processor's list of events, never delivered. */
export type EventSource = 'delivered' | 'reconciled';

/** An event in the hands of this process, until `leaseUntil`. */
export interface TakenEvent extends EventName {
  source: EventSource;
  account: string | undefined;
  type: string;
  apiVersion: string | undefined;
  livemode: boolean;
  createdAt: Date;
  receivedAt: Date;
  /** Opens by PlatformKeys.openInbox for this very event. */
  sealed: string;
  /** In which state it was taken. */
  state: 'received' | 'waiting';
  /** Why it was put back the last time, a code. */
  reason: string | undefined;
  /** How often it was taken, this time included. */
  tries: number;
  /** Since when it waits for what is not known yet: since it was received, or since a person last had it tried again. */
  waitsSince: Date;
  /** How often it was looked at in vain since then. */
  looks: number;
  /** How often our own code failed on it. */
  faults: number;
  leaseUntil: Date;
}

/** What applying an event came to: facts were recorded, they were known already, or the gateway was asked to look. */
export type Outcome = 'recorded' | 'nothing_new' | 'looked_up';

/** How an event ends. `reason` is a stable code, with the version or field at fault if need be; never a message. */
export type Ending =
  | { state: 'applied'; outcome: Outcome; tenantId: string; reason?: string; at: Date }
  | { state: 'ignored' | 'quarantined' | 'failed'; reason: string; tenantId?: string; at: Date };

/** How an event is put back. */
export interface Postponement {
  /** `waiting` for an object that we do not know yet; `received` to be tried again for another reason. */
  state: 'received' | 'waiting';
  notBefore: Date;
  /** A code, never a message. */
  reason: string;
  /** It was looked at, and what it is about is not known yet. */
  lookedInVain?: boolean;
  /** It was our own code that failed. */
  fault?: boolean;
}
