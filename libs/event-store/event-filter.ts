import type { EventType } from '#contracts';
import { eventTypes } from '#contracts';

/** Raised for a type, or a pattern of types, that no event of this release has. */
export class UnknownEventType extends Error {
  constructor(readonly pattern: string) {
    super(`no event type matches ${pattern.slice(0, 100)}`);
    this.name = 'UnknownEventType';
  }
}

const all = Object.keys(eventTypes) as EventType[];
const form = /^[A-Za-z]*\*?[A-Za-z]*\*?$/;

/**
 * The event types that a comma list names, such as `Payment*,RefundSucceeded`: `*` stands for any letters. In the order of the
 * registry. Throws UnknownEventType for the first entry that matches nothing.
 */
export const eventTypesOf = (list: string): EventType[] => {
  const patterns = list.split(',').map((entry) => entry.trim());
  const wanted = new Set<EventType>();
  for (const pattern of patterns) {
    const found = pattern.length <= 100 && pattern !== '' && form.test(pattern) ? matching(pattern) : [];
    if (found.length === 0) throw new UnknownEventType(pattern);
    for (const type of found) wanted.add(type);
  }
  return all.filter((type) => wanted.has(type));
};

const matching = (pattern: string): EventType[] => {
  const exact = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
  return all.filter((type) => exact.test(type));
};
