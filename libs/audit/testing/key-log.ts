import canonicalize from 'canonicalize';
import type { Opening } from '../entries/index.js';
import { entryOf, formatEntry } from '../entries/index.js';
import { keyHistoryStream, platformTenant } from '../key-history/index.js';
import { inclusionProof } from '../merkle/index.js';
import type { NoteSigner } from '../notes/index.js';
import { formatVerifierKey } from '../notes/index.js';
import { formatReceipt } from '../receipts/index.js';
import { TileNodes, TiledLog } from '../tiles/index.js';
import { MemoryLogFiles } from './memory-log-files.js';
import { signHead } from './sample-log.js';

/** What an event of a key has beside its key. */
export interface EventChanges {
  tenantId?: string;
  streamId?: string;
  version?: number;
  type?: string;
  data?: string;
  v?: number;
}

/** A small log of shard 0 whose events are all known, so that any of them can be opened. */
export class KeyLog {
  readonly log = new TiledLog();
  readonly files = new MemoryLogFiles();
  readonly #openings: Opening[] = [];
  #version = 0;

  constructor(readonly origin: string) {}

  /** Appends an event of a key, and gives its leaf. */
  change(type: 'AuditKeyIntroduced' | 'AuditKeyRetired', { key }: NoteSigner, changes: EventChanges = {}): number {
    this.#version += 1;
    const data = canonicalize({ vkey: formatVerifierKey(key), name: this.origin, keyName: 'k', algorithm: 'ed25519' });
    return this.#append({
      ...{ v: 1, tenantId: platformTenant, streamId: keyHistoryStream(this.origin), schemaVersion: 1 },
      ...{ version: this.#version, type, data, ...changes },
    });
  }

  /** Appends events about something else. */
  fill(count: number): void {
    for (let n = 0; n < count; n += 1) this.#append({ v: 1, type: 'PaymentCreated', data: '{}', n });
  }

  checkpoint(signers: readonly NoteSigner[]): Promise<string> {
    return signHead(this.log, this.origin, signers);
  }

  /** The receipt of a leaf under the tree as it is. */
  async receipt(index: number, signers: readonly NoteSigner[]): Promise<string> {
    const { size } = this.log.head();
    const opening = this.#openings[index];
    if (!opening) throw new RangeError(`there is no leaf ${index}`);
    const proof = await inclusionProof(new TileNodes(this.files, size), index, size);
    return formatReceipt({ index, proof, checkpoint: await this.checkpoint(signers), opening });
  }

  #append(event: object): number {
    const position = this.#openings.length + 1;
    const bytes = Buffer.from(canonicalize({ shard: 0, position, ...event }) ?? '');
    const opening = { shard: 0, position, salt: Buffer.alloc(32, position), event: bytes };
    this.#openings.push(opening);
    this.files.write(this.log.append([formatEntry(entryOf(opening))]));
    return position - 1;
  }
}
