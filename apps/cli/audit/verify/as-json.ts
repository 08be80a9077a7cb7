/** What `--json` prints: one object, version 1 of a form that docs/audit.md describes; members are added, never changed. */
import type { Cosignature, Finding, VerifiedSignature } from '#audit';
import { formatVerifierKey } from '#audit';

import type { CheckedReceipt } from './receipts.js';
import type { LogReport, Report } from './report.js';
import { notChecked } from './report.js';

const v = 1;

const signersOf = (signatures: readonly VerifiedSignature[]): string[] =>
  signatures.map(({ key }) => formatVerifierKey(key));

const witnessesOf = (cosignatures: readonly Cosignature[]) =>
  cosignatures.map(({ witness, timestamp }) => ({ witness, timestamp: Number(timestamp) }));

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const logOf = ({ source, checkpoint, cosignatures, extended, shards, events }: LogReport) => ({
  source,
  size: checkpoint.size,
  root: base64(checkpoint.root),
  signedBy: signersOf(checkpoint.signatures),
  cosignedBy: witnessesOf(cosignatures),
  extends: extended.map(({ size }) => size),
  shards: Object.fromEntries([...shards].sort(([one], [other]) => one - other)),
  events: events ? { opened: events.opened, closed: events.closed.count } : null,
});

const receiptOf = ({ file, index, entry, checkpoint, cosignatures, sealed }: CheckedReceipt) => ({
  file,
  index,
  shard: entry.shard,
  position: entry.position,
  size: checkpoint.size,
  root: base64(checkpoint.root),
  signedBy: signersOf(checkpoint.signatures),
  cosignedBy: witnessesOf(cosignatures),
  event: sealed,
});

export const goodAsJson = (report: Report) => ({
  v,
  ok: true,
  origin: report.trust.log.origin,
  pinned: report.pinned,
  keys: report.trust.log.keys.map(formatVerifierKey),
  log: report.log ? logOf(report.log) : null,
  receipts: report.receipts.map(receiptOf),
  notChecked: notChecked(report),
});

export const brokenAsJson = (finding: Finding) => ({ v, ok: false, finding });

export const unknownAsJson = (message: string) => ({ v, ok: null, error: message });
