import type { FactAggregate, FactRecorder, SettlementWanted, Standing } from '#command-handling/facts';
import type { DomainEvent } from '#contracts';
import { parseStreamId } from '#contracts';
import type { Keys } from '#keys';
import type { Outcome, Processor } from '#processor';

import type { CallRequest, TakenCall } from '../calls/call.js';
import type { Line } from '../line/line.js';
import type { Directory } from '../streams/directory.js';
import type { ClientSecrets } from '../vault/client-secrets.js';
import type { Tokens } from '../vault/tokens.js';

/** What operations work with. */
export interface Desk {
  processor: Processor;
  line: Line;
  streams: FactRecorder;
  directory: Directory;
  tokens: Tokens;
  clientSecrets: ClientSecrets;
  keys: Keys;
  /** Whether no call since `at` can have been sent with another API key than the present one. */
  isOneKeySince: (at: Date) => boolean;
  now: () => Date;
}

/** What is to be recorded, and what is left to do then. */
export interface Findings<F> {
  facts: readonly F[];
  /** There is no balance transaction yet: fetch each of these later. */
  settlements?: readonly SettlementWanted[];
}

/** What the processor's answer means for the stream. */
export interface Answer<F, S = unknown> extends Findings<F> {
  /** Names the outcome in metrics, and in the id of the command that records it. */
  kind: string;
  /** Names it in that id instead, where another try may answer something else under the same kind. */
  recordedAs?: string;
  /**
   * The same anew, for a stream that has moved meanwhile; where it is another matter of what the stream has already. Throws where
   * the answer does not mean the same any more: then the call is tried again.
   */
  factsFor?: (state: S) => Findings<F>;
  /** Why a person should look at it, for the log. */
  warning?: string;
  /** It was given without asking the processor: of what an earlier sending led to it knows nothing. */
  unsent?: boolean;
}

/** An answer of which the facts follow from what the stream has. */
export const answerFrom = <F, S>(state: S, standingFor: (state: S) => Standing<F>): Answer<F, S> => {
  const standing = standingFor(state);
  return { kind: standing.kind, ...findingsOf(standing), factsFor: (moved) => findingsOf(standingFor(moved)) };
};

const findingsOf = <F>({ facts, settlement }: Standing<F>): Findings<F> => ({ facts, settlements: wanted(settlement) });

/** Those that there are. */
export const wanted = (...settlements: (SettlementWanted | undefined)[]): SettlementWanted[] =>
  settlements.filter((settlement) => settlement !== undefined);

/** An answer that adds nothing to the stream. */
export const unchanged = (kind: string): Answer<never> => ({ kind, facts: [] });

/** How certain a look at the processor is: after the key's time is over nothing can still be executed. */
export type Certainty = 'may_still_happen' | 'certain';

/** One operation of the processor, from the event that asks for it to the facts that its answer gives. */
export interface Operation<R extends CallRequest, S, F, E extends DomainEvent> {
  aggregate: FactAggregate<S, F, E>;
  /** Whether the stream has the outcome already; what is left to do then, if anything. */
  ended(call: TakenCall<R>, state: S): false | Pick<Findings<F>, 'settlements'>;
  /** Sends the call under its key. Throws NotReady, or what the line and the processor throw. */
  send(call: TakenCall<R>, desk: Desk, state: S): Promise<Answer<F, S>>;
  /** Looks at what the processor did with a call whose outcome is unknown; undefined where that cannot be told yet. */
  look(call: TakenCall<R>, desk: Desk, certainty: Certainty, state: S): Promise<Answer<F, S> | undefined>;
}

/** Nobody can tell yet what became of the call. */
export class StillUnknown extends Error {
  constructor() {
    super('the processor could not tell what became of the call');
  }
}

/** What the call needs is not there yet. Nothing was sent. */
export class NotReady extends Error {
  constructor(
    readonly reason: string,
    /** The first delay; it doubles with every try. */
    readonly baseMs: number,
    readonly maxMs: number,
  ) {
    super(`not ready to call the processor: ${reason}`);
  }
}

export { unreachable } from '#command-handling/facts';

/** The outcome of a capture or cancellation that cannot happen any more: all that there was to take has been captured. */
export const alreadyCaptured = { kind: 'too_late', code: 'payment_already_captured' } as const;

/** The id of the payment that a call is about. */
export const paymentIdOf = ({ streamId }: { streamId: string }): string => parseStreamId(streamId).id;

const dayMs = 24 * 3_600_000;

/**
 * The processor's id of the customer; undefined where its registration has failed, or has been waited for a day. Throws
 * NotReady while it is under way.
 */
export const customerFor = async (
  call: TakenCall,
  customerId: string,
  { directory, now }: Desk,
): Promise<string | undefined> => {
  const registration = await directory.customer(call, customerId);
  if (registration.phase === 'registered') return registration.processorCustomerId;
  const waitedMs = now().getTime() - call.createdAt.getTime();
  if (registration.phase === 'failed' || waitedMs > dayMs) return undefined;
  throw new NotReady('customer_not_registered', 50, 60_000);
};

/** When the object of a call can have been made, with an hour for clocks that differ. */
export const madeWithin = ({ firstSentAt }: TakenCall, now: Date) => ({
  from: new Date(firstSentAt.getTime() - 3_600_000),
  to: new Date(now.getTime() + 3_600_000),
});

/** The code of a refusal, and the bank's reason for a decline. */
export const failureOf = (outcome: Exclude<Outcome<unknown>, { outcome: 'succeeded' }>) => ({
  code: outcome.code,
  declineCode: outcome.outcome === 'declined' ? outcome.declineCode : undefined,
});
