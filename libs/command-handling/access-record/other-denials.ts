import type { Denial } from '#access';

import { payerOf } from './payer.js';
import type { CountedDenial } from './recordable.js';
import type { Window } from './window.js';
import { count, countedOf } from './window.js';

/** The code of a record that only counts what did not fit beside the others: which denials, by whom, is not told apart. */
export const otherDenials = 'other_denials';

export interface OtherBounds {
  /** How long they are counted together, in milliseconds. */
  windowMs: number;
  /** Tenants and doors told apart at once at most. */
  kinds: number;
  /** Of them those that one payer has brought up. */
  kindsOfPayer: number;
}

interface OfTenant extends Window {
  /** Who brought it up; undefined where nobody can be told. */
  payer: string | undefined;
}

/** Counts denials that are told apart no longer: by tenant and door, and by door alone where there are too many tenants. */
export class OtherDenials {
  readonly #windows = new Map<string, OfTenant>();
  readonly #ofPayer = new Map<string, number>();
  readonly #bounds: OtherBounds;

  constructor(bounds: OtherBounds) {
    this.#bounds = bounds;
  }

  /** Windows that are open: `kinds` at most, and one for each door. */
  get size(): number {
    return this.#windows.size;
  }

  add({ denial, ...counted }: CountedDenial, now: number): void {
    const { tenantId, channel } = denial;
    const own = JSON.stringify([tenantId, channel]);
    const payer = denial.code === otherDenials ? undefined : payerOf(denial);
    const isOwn = this.#windows.has(own) || this.#hasRoom(payer);
    const key = isOwn ? own : JSON.stringify([channel]);
    const window = this.#windows.get(key) ?? this.#open(key, isOwn ? { tenantId, channel } : { channel }, payer, now);
    count(window, counted);
  }

  /** What was counted in windows that have ended by `now`; they are closed. */
  ended(now: number): CountedDenial[] {
    const given: CountedDenial[] = [];
    for (const [key, window] of this.#windows) {
      if (now - window.openedAt < this.#bounds.windowMs) continue;
      this.#close(key, window);
      given.push(...countedOf(window));
    }
    return given;
  }

  /** What was counted in all windows; they are closed. */
  rest(): CountedDenial[] {
    const given = [...this.#windows.values()].flatMap(countedOf);
    this.#windows.clear();
    this.#ofPayer.clear();
    return given;
  }

  #hasRoom(payer: string | undefined): boolean {
    const { kinds, kindsOfPayer } = this.#bounds;
    const its = payer === undefined ? 0 : (this.#ofPayer.get(payer) ?? 0);
    return this.#windows.size < kinds && its < kindsOfPayer;
  }

  #open(
    key: string,
    { tenantId, channel }: Pick<Denial, 'channel'> & { tenantId?: string | undefined },
    payer: string | undefined,
    now: number,
  ): OfTenant {
    const denial: Denial = { tenantId, channel, action: 'unknown', code: otherDenials, origin: {} };
    const window = { denial, openedAt: now, count: 0, firstAt: now, lastAt: now, payer };
    this.#windows.set(key, window);
    this.#addTo(payer, 1);
    return window;
  }

  #close(key: string, { payer }: OfTenant): void {
    this.#windows.delete(key);
    this.#addTo(payer, -1);
  }

  #addTo(payer: string | undefined, by: number): void {
    if (payer === undefined) return;
    const next = (this.#ofPayer.get(payer) ?? 0) + by;
    if (next === 0) this.#ofPayer.delete(payer);
    else this.#ofPayer.set(payer, next);
  }
}
