import type { LogIdentity, TreeHead } from '#audit';
import {
  FileMissing,
  SignatureRefused,
  TileNodes,
  formatReceipt,
  formatVerifierKey,
  inclusionProof,
  keyReceiptPath,
  parseKeyEvent,
  parseVerifierKey,
  verifyReceipt,
} from '#audit';
import type { AuditKeyEvent } from '#domain/audit-key';
import type { AuditSalts } from '#keys';
import type { ObjectStore } from '#object-store';
import type { Pool } from 'pg';

import type { AuditedEvent } from '../audited-event.js';
import { eventBytes } from '../event-bytes.js';
import { LeafRuns } from '../leaf-runs.js';
import { openingOf } from '../openings.js';
import { readKeyHistory } from './history.js';

/** Raised for a receipt that was published and is gone, and that the keys that sign now cannot give again. */
export class KeyReceiptLost extends FileMissing {
  constructor(path: string, options: ErrorOptions) {
    super(path);
    this.message = `${path} is missing, and no key that signs now may vouch for what it says: restore it from a copy of the log`;
    this.cause = options.cause;
  }
}

export interface KeyReceiptsOptions {
  /** Of a role that reads the platform's log and audit_leaf_run. */
  pool: Pool;
  origin: string;
  store: ObjectStore;
  /** Of the platform's tenant. */
  salts: () => Promise<AuditSalts>;
}

/**
 * Writes `keys/001`, `keys/002`, ...: a receipt of each event of the key history, under the first checkpoint that covers it, by which an outsider
 * who trusts an older key follows to the newer ones. Each file is created once and never replaced.
 */
export class PublishedKeyReceipts {
  readonly #options: KeyReceiptsOptions;
  readonly #runs: LeafRuns;
  /** So many events have a receipt in the store. */
  #done = 0;

  constructor(options: KeyReceiptsOptions) {
    this.#options = options;
    this.#runs = new LeafRuns(options.pool);
  }

  /**
   * Is told of each published checkpoint, also of one that it was told of before a crash: writes every receipt that is missing and that it
   * covers. Rejects where one cannot be written, and where one would not hold: then the next call tries again.
   */
  async published(head: TreeHead, note: string): Promise<void> {
    const { events } = await readKeyHistory(this.#options.pool, this.#options.origin);
    for (const event of events.slice(this.#done)) {
      const path = keyReceiptPath(event.version);
      if (!(await this.#options.store.read(path))) {
        const index = await this.#runs.indexOf(event.shard, event.position);
        if (index === undefined || index >= head.size) return; // a later checkpoint covers it
        await this.#write(path, { event, index, before: events.slice(0, event.version - 1) }, head, note);
      }
      this.#done = event.version;
    }
  }

  async #write(
    path: string,
    { event, index, before }: { event: AuditedEvent; index: number; before: readonly AuditedEvent[] },
    head: TreeHead,
    note: string,
  ): Promise<void> {
    const { store, salts, origin } = this.#options;
    const saltOfEvent = await salts();
    const proof = await inclusionProof(new TileNodes(store, head.size), index, head.size);
    const opening = openingOf(event, saltOfEvent(event.eventId));
    const receipt = formatReceipt({ index, proof, checkpoint: note, opening });
    try {
      verifyReceipt(receipt, { log: trustedBefore(event, before, origin) });
    } catch (error) {
      throw error instanceof SignatureRefused ? new KeyReceiptLost(path, { cause: error }) : error;
    }
    await store.create(path, Buffer.from(receipt));
  }
}

/** Whom an outsider believes who has followed the history up to this event: the first key vouches for itself, as it is pinned. */
const trustedBefore = (event: AuditedEvent, before: readonly AuditedEvent[], origin: string): LogIdentity => {
  const signing = new Set<string>();
  for (const each of before.length === 0 ? [event] : [...before, ...(isRetirement(event) ? [event] : [])]) {
    const { change, key } = parseKeyEvent(eventBytes(each), origin);
    if (change === 'introduced') signing.add(formatVerifierKey(key));
    else signing.delete(formatVerifierKey(key));
  }
  return { origin, keys: [...signing].map(parseVerifierKey) };
};

const isRetirement = ({ type }: AuditedEvent): boolean => type === ('AuditKeyRetired' satisfies AuditKeyEvent['type']);
