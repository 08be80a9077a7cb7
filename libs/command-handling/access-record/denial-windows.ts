import type { Denial } from '#access';

import { OtherDenials } from './other-denials.js';
import { payerOf, roomOf } from './payer.js';
import type { CountedDenial } from './recordable.js';
import { Room } from './room.js';
import type { Window } from './window.js';
import { count, countedOf } from './window.js';

export interface WindowBounds {
  /** How long denials of one kind are counted together, in milliseconds. */
  windowMs: number;
  /** Kinds told apart at once at most, of all tenants. */
  kinds: number;
  /** Of one tenant: of callers that are proved, and as many of the others. */
  kindsOfTenant: number;
  /** Of one payer (caller; else certificate; else network), whichever tenants it names, so that nobody takes another's room. */
  kindsOfPayer: number;
}

export const defaultBounds: WindowBounds = { windowMs: 60_000, kinds: 2_000, kindsOfTenant: 400, kindsOfPayer: 50 };

/** Ids of tenants that were named which the record of many denials has at most. */
const maxNamed = 10;

interface Kind extends Window {
  key: string;
  payer: string;
  room: string;
  /** Tenants that the denials which are not written have named, as far as they are kept. */
  named: Set<string>;
  /** Whether each of them named one. */
  allNamed: boolean;
}

/**
 * Counts denials of one kind (tenant, door, action, code, caller, network and certificate) together: the first is given to be written
 * at once, the ones that follow within a minute as one. Memory and records are bounded by `WindowBounds`, whatever comes: what does not
 * fit is counted as `OtherDenials`. Where all room is taken, whoever has most of it gives some to whoever has less, and gets no more
 * for a minute. Nothing is forgotten: the counts that are given add up to what was taken. Pure but for its own state; times are
 * milliseconds and never go back.
 */
export class DenialWindows {
  /** In the order in which they were opened, which is that in which they end. */
  readonly #kinds = new Map<string, Kind>();
  readonly #room = new Room<Kind>();
  readonly #roomsOfTenants = new Map<string, Room<Kind>>();
  readonly #others: OtherDenials;
  readonly #bounds: WindowBounds;

  constructor(bounds: Partial<WindowBounds> = {}) {
    this.#bounds = { ...defaultBounds, ...bounds };
    this.#others = new OtherDenials(this.#bounds);
  }

  /** Windows that are open. */
  get size(): number {
    return this.#kinds.size + this.#others.size;
  }

  /** Takes a denial. `write`: to be written now. `told`: whether it is told apart, now or with those that follow. */
  take(denial: Denial, now: number): { write: CountedDenial | undefined; told: boolean } {
    const key = kindOf(denial);
    const open = this.#kinds.get(key);
    if (open) {
      note(open, denial.namedTenantId);
      count(open, { count: 1, firstAt: now, lastAt: now });
      return { write: undefined, told: true };
    }
    const [payer, room] = [payerOf(denial), roomOf(denial)];
    if (!this.#makesRoom(payer, room, now)) {
      this.fold({ denial, count: 1, firstAt: now, lastAt: now }, now);
      return { write: undefined, told: false };
    }
    // What is said of those that follow must hold for them all: not the request, nor the tenant that was named.
    const { namedTenantId: _, origin, ...common } = denial;
    const repeats: Denial = { ...common, origin: { ...origin } };
    delete repeats.origin.requestId;
    const window: Window = { denial: repeats, openedAt: now, count: 0, firstAt: now, lastAt: now };
    this.#open({ ...window, key, payer, room, named: new Set(), allNamed: true });
    return { write: { denial, count: 1, firstAt: now, lastAt: now }, told: true };
  }

  /** Counts what can be told apart no longer. */
  fold(counted: CountedDenial, now: number): void {
    this.#others.add(counted, now);
  }

  /** What was counted in windows that have ended by `now`; they are closed. */
  ended(now: number): CountedDenial[] {
    const given: CountedDenial[] = [];
    for (const kind of this.#kinds.values()) {
      if (now - kind.openedAt < this.#bounds.windowMs) break;
      this.#close(kind);
      given.push(...toldOf(kind));
    }
    return [...given, ...this.#others.ended(now)];
  }

  /** What was counted in all windows; they are closed. */
  rest(): CountedDenial[] {
    const kinds = [...this.#kinds.values()];
    for (const kind of kinds) this.#close(kind);
    return [...kinds.flatMap(toldOf), ...this.#others.rest()];
  }

  /** Whether there is room for one more kind of `payer`; where all is taken, whoever has most gives some. */
  #makesRoom(payer: string, room: string, now: number): boolean {
    const { kinds, kindsOfTenant, kindsOfPayer } = this.#bounds;
    const ofTenant = this.#roomsOfTenants.get(room);
    if (this.#room.of(payer) >= kindsOfPayer) return false;
    if (this.#room.isClosed(payer, now) || ofTenant?.isClosed(payer, now)) return false;
    if (ofTenant && ofTenant.size >= kindsOfTenant) return this.#foldsLargest(ofTenant, payer, now);
    return this.#room.size < kinds || this.#foldsLargest(this.#room, payer, now);
  }

  #foldsLargest(room: Room<Kind>, payer: string, now: number): boolean {
    const spare = room.spareFor(payer);
    if (!spare) return false;
    room.close(spare.payer, now + this.#bounds.windowMs); // else it would be back at once, and each time there is a record
    this.#close(spare.item);
    for (const counted of toldOf(spare.item)) this.fold(counted, now);
    return true;
  }

  #open(kind: Kind): void {
    const ofTenant = this.#roomsOfTenants.get(kind.room) ?? new Room<Kind>();
    this.#roomsOfTenants.set(kind.room, ofTenant);
    this.#kinds.set(kind.key, kind);
    for (const room of [this.#room, ofTenant]) room.put(kind.payer, kind);
  }

  #close(kind: Kind): void {
    const ofTenant = this.#roomsOfTenants.get(kind.room);
    this.#kinds.delete(kind.key);
    for (const room of [this.#room, ofTenant]) room?.take(kind.payer, kind);
    if (ofTenant?.size === 0) this.#roomsOfTenants.delete(kind.room);
  }
}

const kindOf = ({ tenantId, channel, action, code, caller, origin: { network, spiffeId } }: Denial): string =>
  JSON.stringify([
    ...[tenantId, channel, action, code],
    ...[caller?.kind, caller?.subject, caller?.actingParty, network, spiffeId],
  ]);

/** Takes note of which tenant a denial that is not written has named. */
const note = (kind: Kind, named: string | undefined): void => {
  kind.allNamed &&= named !== undefined;
  if (named !== undefined && kind.named.size < maxNamed) kind.named.add(named);
};

/** What of it is not written, with the tenant that all of it named, or else the first ones. */
const toldOf = (kind: Kind): CountedDenial[] => {
  const [namedTenantId, ...more] = kind.named;
  const isOne = kind.allNamed && more.length === 0;
  return countedOf(kind).map(({ denial, ...counted }) => ({
    denial: {
      ...denial,
      ...(namedTenantId !== undefined && (isOne ? { namedTenantId } : { namedTenantIds: [namedTenantId, ...more] })),
    },
    ...counted,
  }));
};
