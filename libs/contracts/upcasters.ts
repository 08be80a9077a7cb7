import { eventTypes, isEventType } from './registry.js';

type Json = Record<string, unknown>;
/** Turns the data of one schema version into that of the next. Pure; stored events are never rewritten. */
export type Upcaster = (data: Json) => Json;

/** `upcasters.SomeEvent[1]` turns version 1 of SomeEvent into version 2. */
export type Upcasters = Record<string, Record<number, Upcaster>>;

/** None yet: every type is at version 1. */
export const upcasters: Upcasters = {};

/** Raised on reading an event that this release does not understand: a newer type or version, or a gap in a chain. */
export class UnknownEventVersion extends Error {
  constructor(
    readonly type: string,
    readonly version: number,
  ) {
    super(`event ${type} v${version} is not known to this release; deploy one that knows it before reading on`);
  }
}

/**
 * Brings stored data to the version this release works with, one step at a time (v1 -> v2 -> ...).
 * Throws UnknownEventVersion for an unknown type, a version above ours, or a missing step.
 */
export const upcast = (
  type: string,
  version: number,
  data: Json,
  chain: Upcasters = upcasters,
  current = currentVersion(type),
): Json => {
  if (current === undefined || version > current) throw new UnknownEventVersion(type, version);
  let result = data;
  for (let at = version; at < current; at += 1) {
    const step = chain[type]?.[at];
    if (!step) throw new UnknownEventVersion(type, at);
    result = step(result);
  }
  return result;
};

const currentVersion = (type: string): number | undefined => (isEventType(type) ? eventTypes[type].version : undefined);
