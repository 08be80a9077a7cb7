import { randomUUID } from 'node:crypto';

import { platformTenantId } from '#access/tenancy';
import { UnknownTenant } from '#event-store';

import type { AccessStreams } from './access-streams.js';
import type { CountedDenial } from './recordable.js';
import { deniedEvent } from './recordable.js';

/** Denials of one tenant that are written together, and tried again together. */
interface Batch {
  tenantId: string;
  commandId: string;
  denials: readonly CountedDenial[];
  tries: number;
  notBefore: number;
}

export interface DenialWriterOptions {
  /** Records that wait at most, of all tenants. */
  maxWaiting: number;
  /** How often a batch is tried before it is given up. */
  maxTries: number;
  /** What was given up or does not fit: never dropped here. */
  giveUp: (denials: readonly CountedDenial[], why: 'queue' | 'store', error?: unknown) => void;
}

const maxBatch = 100;
const maxConcurrent = 16;
const firstPauseMs = 250;
const maxPauseMs = 30_000;

/** Brings counted denials into the log: a batch a tenant at a time, again after a pause where the store does not take it. */
export class DenialWriter {
  readonly #streams: Pick<AccessStreams, 'write'>;
  readonly #options: DenialWriterOptions;
  readonly #waiting = new Map<string, CountedDenial[]>();
  readonly #batches = new Map<string, Batch>();
  readonly #busy = new Set<Promise<void>>();
  readonly #writing = new Set<string>();
  #size = 0;

  constructor(streams: Pick<AccessStreams, 'write'>, options: DenialWriterOptions) {
    this.#streams = streams;
    this.#options = options;
  }

  /** Records that are not in the log yet. */
  get size(): number {
    return this.#size;
  }

  add(counted: CountedDenial): void {
    if (this.#size >= this.#options.maxWaiting) {
      this.#options.giveUp([counted], 'queue');
      return;
    }
    this.#size += 1;
    const tenantId = counted.denial.tenantId ?? platformTenantId;
    const waiting = this.#waiting.get(tenantId);
    if (waiting) waiting.push(counted);
    else this.#waiting.set(tenantId, [counted]);
  }

  /** Begins to write what waits and may be tried now. */
  begin(now: number): void {
    for (const tenantId of new Set([...this.#batches.keys(), ...this.#waiting.keys()])) {
      if (this.#busy.size >= maxConcurrent) return;
      if (this.#writing.has(tenantId)) continue;
      const batch = this.#batches.get(tenantId) ?? this.#nextBatch(tenantId);
      if (!batch || batch.notBefore > now) continue;
      this.#writing.add(tenantId);
      const work = this.#write(batch).finally(() => {
        this.#writing.delete(tenantId);
        this.#busy.delete(work);
        this.begin(Date.now());
      });
      this.#busy.add(work);
    }
  }

  /** Resolves once what is being written now is written, or is not. */
  async settled(): Promise<void> {
    await Promise.all(this.#busy);
  }

  /** What is not in the log, as far as anybody knows; it is forgotten here. */
  takeRest(): CountedDenial[] {
    const rest = [
      ...[...this.#batches.values()].flatMap(({ denials }) => denials),
      ...[...this.#waiting.values()].flat(),
    ];
    this.#batches.clear();
    this.#waiting.clear();
    this.#size = 0;
    return rest;
  }

  /** Begins at once what waits, for as often as this is called: what has failed too. */
  hurry(): void {
    for (const batch of this.#batches.values()) Object.assign(batch, { tries: 0, notBefore: 0 });
    this.begin(Date.now());
  }

  #nextBatch(tenantId: string): Batch | undefined {
    const waiting = this.#waiting.get(tenantId);
    if (!waiting) return undefined;
    const batch = { tenantId, commandId: randomUUID(), denials: waiting.splice(0, maxBatch), tries: 0, notBefore: 0 };
    if (waiting.length === 0) this.#waiting.delete(tenantId);
    this.#batches.set(tenantId, batch);
    return batch;
  }

  async #write(batch: Batch): Promise<void> {
    const { tenantId, commandId, denials } = batch;
    try {
      await this.#streams.write(tenantId, commandId, denials.map(deniedEvent));
      this.#done(batch);
    } catch (error) {
      batch.tries += 1;
      batch.notBefore = Date.now() + Math.min(firstPauseMs * 2 ** batch.tries, maxPauseMs);
      if (error instanceof UnknownTenant && tenantId !== platformTenantId) {
        this.#done(batch);
        for (const counted of denials) this.add(ofPlatform(counted));
      } else if (batch.tries >= this.#options.maxTries) {
        this.#done(batch);
        this.#options.giveUp(denials, 'store', error);
      }
    }
  }

  #done(batch: Batch): void {
    if (this.#batches.get(batch.tenantId) !== batch) return; // it was taken away meanwhile
    this.#batches.delete(batch.tenantId);
    this.#size -= batch.denials.length;
  }
}

/** The caller's token is of a tenant that there is not: the platform's log has it, with the tenant's id. */
const ofPlatform = ({ denial, ...counted }: CountedDenial): CountedDenial => ({
  ...counted,
  denial: { ...denial, tenantId: platformTenantId, ...(denial.tenantId && { namedTenantId: denial.tenantId }) },
});
