import type { Message } from 'kafkajs';

import type { IncomingRecord } from '../record/command-record.js';
import type { CommandOutcome } from '../record/result.js';

/** A record that was no command, or one that its sender may not give. */
export interface DeadLetter {
  record: IncomingRecord;
  /** A code: stable. */
  reason: string;
  /** Our own words, which quote nothing of the record but the names of fields. */
  detail: string;
}

/** What became of one record. */
export interface Verdict {
  /** `set_aside`: nobody is answered. */
  outcome: CommandOutcome['outcome'] | 'set_aside';
  /** Goes to billing.command-results.v1. */
  reply?: Message;
  letter?: DeadLetter;
}
