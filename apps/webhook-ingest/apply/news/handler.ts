import type { Desk, Heard } from '../desk.js';
import type { Verdict } from '../verdict.js';

/** Applies what an event says. Throws NotApplied, or what the store throws. */
export type Handler<N> = (news: N, heard: Heard, desk: Desk) => Promise<Verdict>;
