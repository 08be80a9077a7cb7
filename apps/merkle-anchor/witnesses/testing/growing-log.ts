import type { LogIdentity } from '#audit';
import { TileNodes, TiledLog, consistencyProof, formatEntry } from '#audit';
import { MemoryLogFiles, sampleEntries, signHead, signerOf } from '#audit/testing';

import type { Witnesses } from '../../ports.js';

export const origin = 'audit.example.com/billing';
export const signer = signerOf(origin, 1);
export const identity: LogIdentity = { origin, keys: [signer.key] };

/** A log that grows, and that our key signs. Another `salt` makes another tree: a fork. */
export class GrowingLog {
  readonly files = new MemoryLogFiles();
  readonly log = new TiledLog();

  constructor(private readonly salt = 0) {}

  grow(by: number): this {
    const { size } = this.log.head();
    const entries = sampleEntries(size + by).slice(size);
    const other = (commitment: Uint8Array) => commitment.map((byte) => byte ^ this.salt);
    this.files.write(
      this.log.append(entries.map((entry) => formatEntry({ ...entry, commitment: other(entry.commitment) }))),
    );
    return this;
  }

  signed(): Promise<string> {
    return signHead(this.log, origin, [signer]);
  }

  async cosignedBy(witnesses: Witnesses): Promise<string> {
    const head = this.log.head();
    return witnesses.cosign(await this.signed(), head, (oldSize) =>
      consistencyProof(new TileNodes(this.files, head.size), oldSize, head.size),
    );
  }
}
