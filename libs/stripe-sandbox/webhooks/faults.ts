/** Faults of deliveries that tests ask for: the next ones that match are lost, sent twice, late, out of order or spoiled. */
import { matchesType } from '../state/event-types.js';
import type { EventRecord } from '../state/records.js';
import { randomText } from '../state/ids.js';
import { assertNames, integerWithin, isRecord, wrongField } from '../wire/json.js';

const kinds = ['drop', 'duplicate', 'delay', 'reorder', 'shift_timestamp', 'tamper', 'lose_answer'] as const;

export interface DeliveryFault {
  id: string;
  match: {
    /** `charge.refunded`, or `charge.*`; every type when absent. */
    type?: string;
    endpoint?: string;
    /** Deliveries still to be hit. */
    times: number;
  };
  fault: (typeof kinds)[number];
  /** Of `duplicate`: how many more are sent, at the same time. */
  copies: number;
  /** Of `delay`; of `reorder`, how long it waits for the rest. */
  delayMs: number;
  /** Of `shift_timestamp`: seconds that are added to the time that is signed. */
  seconds: number;
}

const MOST_FAULTS = 100;
const MOST_TIMES = 100_000;
const MOST_COPIES = 100;
const LONGEST_DELAY_MS = 600_000;
const FARTHEST_SHIFT_S = 10 * 365 * 24 * 60 * 60;

const optionalText = (value: unknown, field: string): string | undefined => {
  if (value === undefined || (typeof value === 'string' && value !== '' && value.length <= 200)) return value;
  throw wrongField(field, `${field} must be text of up to 200 characters.`);
};

/** Reads a fault that `POST /sandbox/webhooks` was sent. Throws a 400 StripeError that names the field. */
export const parseDeliveryFault = (body: Record<string, unknown>): DeliveryFault => {
  assertNames(body, ['match', 'fault', 'copies', 'delayMs', 'seconds'], '');
  const match = body.match ?? {};
  if (!isRecord(match)) throw wrongField('match', 'match must be an object.');
  assertNames(match, ['type', 'endpoint', 'times'], 'match.');
  const fault = kinds.find((kind) => kind === body.fault);
  if (fault === undefined) throw wrongField('fault', `fault must be one of ${kinds.join(', ')}.`);
  const type = optionalText(match.type, 'match.type');
  const endpoint = optionalText(match.endpoint, 'match.endpoint');
  // One delivery has no order.
  const least = fault === 'reorder' ? 2 : 1;
  return {
    id: `fault_${randomText(12)}`,
    match: {
      ...(type !== undefined && { type }),
      ...(endpoint !== undefined && { endpoint }),
      times: integerWithin(match.times, 'match.times', least, fault === 'reorder' ? MOST_COPIES : MOST_TIMES, least),
    },
    fault,
    copies: integerWithin(body.copies, 'copies', 1, MOST_COPIES, 1),
    delayMs: integerWithin(body.delayMs, 'delayMs', 0, LONGEST_DELAY_MS, 1_000),
    seconds: integerWithin(body.seconds, 'seconds', -FARTHEST_SHIFT_S, FARTHEST_SHIFT_S, 0),
  };
};

export class DeliveryFaults {
  private armed: DeliveryFault[] = [];

  /** Throws a 400 StripeError when a hundred are armed already. */
  arm(fault: DeliveryFault): DeliveryFault {
    if (this.armed.length >= MOST_FAULTS) {
      throw wrongField('fault', `At most ${String(MOST_FAULTS)} faults can be armed.`);
    }
    this.armed.push(fault);
    return fault;
  }

  list(): readonly DeliveryFault[] {
    return this.armed;
  }

  clear(): void {
    this.armed = [];
  }

  /** The first armed fault for this delivery, used up by one. What was sent before is not dropped any more. */
  take(event: EventRecord, endpoint: string, attempts: number): DeliveryFault | undefined {
    const fault = this.armed.find(
      ({ match, fault: kind }) =>
        (kind !== 'drop' || attempts === 0) &&
        (match.type === undefined || matchesType(match.type, event.type)) &&
        (match.endpoint === undefined || match.endpoint === endpoint),
    );
    if (!fault) return undefined;
    fault.match.times -= 1;
    if (fault.match.times === 0) this.armed = this.armed.filter((each) => each !== fault);
    return fault;
  }
}
