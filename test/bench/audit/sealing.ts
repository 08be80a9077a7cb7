import { TiledLog, fullWidth, parseTilePath, sha256 } from '#audit';
import type { LogFile } from '#audit';
import type { AuditedEvent } from '#audit-log';
import { eventBytes } from '#audit-log';
import { DirectoryStore } from '#object-store';
import type { ObjectStore } from '#object-store';
import type { AuditSalts } from '../../../apps/merkle-anchor/sealing/leaves.js';
import { entriesOf, leavesOf } from '../../../apps/merkle-anchor/sealing/leaves.js';
import { writeFiles } from '../../../apps/merkle-anchor/sealing/log-writer.js';
import type { Row } from '../report.js';
import { comparedRow } from '../report.js';
import { inFolder } from './folders.js';

/** Leaves of one step, as the anchor takes them under load. */
const stepLeaves = 8_192;

export type Write = (files: readonly LogFile[]) => Promise<void>;
const nowhere: Write = () => Promise.resolve();
const durably =
  (store: ObjectStore): Write =>
  (files) =>
    writeFiles(store, files);

/** Leaves a second: what a step does between reading events and the record of it, and writing its full files. */
export const sealRate = async (events: readonly AuditedEvent[], salts: AuditSalts, write: Write): Promise<number> => {
  const log = new TiledLog();
  const began = performance.now();
  for (let at = 0; at < events.length; at += stepLeaves) {
    const leaves = await leavesOf(events.slice(at, at + stepLeaves), salts);
    await write(log.append(entriesOf(leaves)).filter(isFull));
  }
  return perSecond(events.length, began);
};

/** Those that a later step does not write anew. */
const isFull = ({ path }: LogFile): boolean => parseTilePath(path).width === fullWidth;

const bareRate = (events: readonly AuditedEvent[]): number => {
  const bytes = events.map(eventBytes);
  const began = performance.now();
  for (const each of bytes) sha256(each);
  return perSecond(events.length, began);
};

const perSecond = (count: number, began: number): number => (count * 1_000) / (performance.now() - began);

const bytesOf = (files: readonly LogFile[]): number => files.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** What outsiders fetch for one leaf: its entry, and its share of the full tiles. */
const publishedBytes = async (events: readonly AuditedEvent[], salts: AuditSalts): Promise<Row> => {
  let published = 0;
  await sealRate(events, salts, (files) => {
    published += bytesOf(files);
    return Promise.resolve();
  });
  const size = events.reduce((sum, event) => sum + eventBytes(event).length, 0);
  return comparedRow(
    'bytes published a leaf, beside the bytes of its event',
    published / events.length,
    size / events.length,
  );
};

/** Events to leaves, in memory and to a folder, beside bare SHA-256 of the events' bytes. */
export const sealing = async (events: readonly AuditedEvent[], salts: AuditSalts): Promise<Row[]> => {
  const warmUp = events.slice(0, events.length / 5);
  await sealRate(warmUp, salts, nowhere);
  bareRate(warmUp);
  const memory = await sealRate(events, salts, nowhere);
  const bare = bareRate(events);
  const folder = await inFolder((path) => sealRate(events, salts, durably(new DirectoryStore(path))));
  return [
    comparedRow('leaves sealed a second, in memory; bare SHA-256 of the same bytes', memory, bare),
    comparedRow('leaves sealed a second, tiles and bundles durable in a folder', folder, bare),
    await publishedBytes(events, salts),
  ];
};
