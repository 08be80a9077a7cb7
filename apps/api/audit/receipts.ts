import {
  FileMissing,
  Malformed,
  ProofRefused,
  entryOf,
  formatEntry,
  formatReceipt,
  inclusionProof,
  leafHash,
  verifyInclusion,
} from '#audit';
import type { AuditedEvent } from '#audit-log';
import { openingOf } from '#audit-log';
import type { AuditSalts } from '#keys';
import type { Registry } from '#platform/metrics';
import { Counter } from '#platform/metrics';

import { inconsistent } from './problems.js';
import type { PublishedHead } from './published-log.js';

/** Makes receipts, and holds each against the published root before anybody gets it. */
export class Receipts {
  readonly #refused: Counter;

  constructor(metrics: Registry) {
    this.#refused = new Counter({
      name: 'billing_api_audit_receipts_refused_total',
      help: 'Receipts that were not handed out because the event is not the leaf that the published checkpoint has at its place',
      registers: [metrics],
    });
  }

  /**
   * The receipt of an event that is the leaf `index` of the published tree. Throws ProblemError 503 where the event, as it is stored now, is not
   * what that leaf commits to: whether the event, the place or a tile was changed. Tiles are read anew then, as the store may be mended.
   */
  async of(event: AuditedEvent, salts: AuditSalts, index: number, head: PublishedHead): Promise<string> {
    const opening = openingOf(event, salts(event.eventId));
    try {
      const proof = await inclusionProof(head.nodes, index, head.size);
      verifyInclusion({ leafHash: leafHash(formatEntry(entryOf(opening))), index, proof }, head);
      return formatReceipt({ index, proof, checkpoint: head.note, opening });
    } catch (error) {
      if (!isBroken(error)) throw error;
      this.#refused.inc();
      head.forgetTiles();
      throw inconsistent(
        `the event at ${event.shard}:${event.position} is not leaf ${index} of the published audit log: ${error.message}`,
      );
    }
  }
}

const isBroken = (error: unknown): error is Error =>
  error instanceof ProofRefused || error instanceof FileMissing || error instanceof Malformed;
