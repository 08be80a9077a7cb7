/** Holds deliveries back until as many are there as a fault wants, or its time is up, and lets them go the last one first. */
import type { DeliveryFault } from './faults.js';

interface Group<T> {
  held: T[];
  timer: NodeJS.Timeout;
}

export class Reordering<T> {
  private readonly groups = new Map<string, Group<T>>();

  /** @param release is given what was held, in its new order */
  constructor(private readonly release: (held: readonly T[]) => void) {}

  /** `fault` has been used up by one for `item`. */
  hold(fault: DeliveryFault, item: T): void {
    const group = this.groups.get(fault.id) ?? this.open(fault);
    group.held.push(item);
    if (fault.match.times === 0) this.letGo(fault.id);
  }

  /** Forgets what is held: it is still due. */
  close(): void {
    for (const { timer } of this.groups.values()) clearTimeout(timer);
    this.groups.clear();
  }

  private open(fault: DeliveryFault): Group<T> {
    const timer = setTimeout(() => {
      this.letGo(fault.id);
    }, fault.delayMs);
    const group = { held: [], timer };
    this.groups.set(fault.id, group);
    return group;
  }

  private letGo(id: string): void {
    const group = this.groups.get(id);
    if (!group) return;
    clearTimeout(group.timer);
    this.groups.delete(id);
    this.release(group.held.reverse());
  }
}
