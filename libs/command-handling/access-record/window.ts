import type { Denial } from '#access';

import type { CountedDenial } from './recordable.js';

/** Denials that are counted together. Times are milliseconds since 1970. */
export interface Window {
  denial: Denial;
  /** Since when it is open. */
  openedAt: number;
  /** Denials that are not written, and when they were. */
  count: number;
  firstAt: number;
  lastAt: number;
}

export const count = (window: Window, { count: more, firstAt, lastAt }: Omit<CountedDenial, 'denial'>): void => {
  window.firstAt = window.count === 0 ? firstAt : Math.min(window.firstAt, firstAt);
  window.lastAt = window.count === 0 ? lastAt : Math.max(window.lastAt, lastAt);
  window.count += more;
};

/** What of it is not written: one record, or none. */
export const countedOf = ({ denial, count: counted, firstAt, lastAt }: Window): CountedDenial[] =>
  counted === 0 ? [] : [{ denial, count: counted, firstAt, lastAt }];
