import { eventTypes, type EventType } from '#contracts';
import type { BillingEvent } from './index.js';

// A name that only one of the two knows does not compile.
const recorded = (name: EventType): BillingEvent['type'] => name;
const registered = (name: BillingEvent['type']): EventType => name;

describe('the events of the domain', () => {
  it('are those of the registry, name for name', () => {
    const names = Object.keys(eventTypes) as EventType[];
    expect(names.map(recorded).map(registered)).toEqual(names);
  });
});
