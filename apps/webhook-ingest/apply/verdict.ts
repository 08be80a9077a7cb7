import type { Outcome } from '../inbox/index.js';

/** Why an event must not be applied until a person has looked: stable codes. Those of what could not be read come from the reader. */
export type QuarantineReason =
  /** Nothing says whose it is. */
  | 'no_tenant'
  /** It names a tenant that we do not have. */
  | 'tenant_unknown'
  /** It names a tenant, and the object is another one's. */
  | 'tenant_mismatch'
  /** The object is not of the customer that it names. */
  | 'customer_mismatch'
  /** It names an object of ours, and the processor's is another. */
  | 'object_mismatch'
  /** It happened on an account that has nothing to do with the object. */
  | 'account_mismatch'
  /** The tenant has no such object. */
  | 'object_unknown'
  /** It is not what was sealed, or nothing that can be read. */
  | 'body_unreadable';

/** What an event cannot tell us yet, and why it is quarantined once that is waited for no more. */
export type WaitReason = Extract<QuarantineReason, 'no_tenant' | 'object_unknown'>;

/** What came of one event. */
export type Verdict =
  | { state: 'applied'; outcome: Outcome; tenantId: string }
  | { state: 'ignored'; reason: string }
  | { state: 'waiting'; reason: WaitReason }
  /** `reason` is a code, with the version or field at fault if need be. */
  | { state: 'quarantined'; reason: string; tenantId?: string };

/** Raised where it turns out that an event is not to be applied, or not now. */
export class NotApplied extends Error {
  constructor(readonly verdict: Exclude<Verdict, { state: 'applied' }>) {
    super(`the event is ${verdict.state}: ${verdict.reason}`);
  }
}

/** It must not be applied. `tenantId`: whose it is, where that is certain. */
export const quarantine = (reason: QuarantineReason, tenantId?: string): NotApplied =>
  new NotApplied({ state: 'quarantined', reason, tenantId });

/** It may be about something that we will know in a moment: the event was faster than the answer to our own call. */
export const notYet = (reason: WaitReason): NotApplied => new NotApplied({ state: 'waiting', reason });

/** It is about nothing of ours. */
export const ignored = (reason: 'unused_object' | 'not_mirrored'): NotApplied =>
  new NotApplied({ state: 'ignored', reason });
