import { TiledLog, checkpointPath, formatCheckpoint, sha256, signNote, verifyLog } from '#audit';
import type { AuditedEvent } from '#audit-log';
import { MemoryLogFiles } from '../../../libs/audit/testing/memory-log-files.js';
import { signerOf } from '../../../libs/audit/testing/keys.js';
import type { AuditSalts } from '../../../apps/merkle-anchor/sealing/leaves.js';
import { entriesOf, leavesOf } from '../../../apps/merkle-anchor/sealing/leaves.js';
import type { Row } from '../report.js';
import { comparedRow } from '../report.js';

const origin = 'localhost/bench';

/** Leaves a second of a whole log, its signature, its tiles and each shard's positions, beside bare SHA-256 of the entries. */
export const verifying = async (events: readonly AuditedEvent[], salts: AuditSalts): Promise<Row[]> => {
  const entries = entriesOf(await leavesOf(events, salts));
  const files = new MemoryLogFiles();
  const log = new TiledLog();
  files.write(log.append(entries));
  const signer = signerOf(origin, 1);
  const note = await signNote(formatCheckpoint({ origin, ...log.head(), extensions: [] }), [signer]);
  files.files.set(checkpointPath, Buffer.from(note));
  const trust = { log: { origin, keys: [signer.key] } };
  const rates: number[] = [];
  for (let run = 0; run < 2; run += 1) {
    const began = performance.now();
    await verifyLog(files, { trust });
    rates.push((entries.length * 1_000) / (performance.now() - began));
  }
  const began = performance.now();
  for (const entry of entries) sha256(entry);
  const bare = (entries.length * 1_000) / (performance.now() - began);
  return [comparedRow('leaves verified a second; bare SHA-256 of the entries', rates.at(-1) ?? 0, bare)];
};
