import { auditSalts, auditedEvents } from './audit/events.js';
import { checkpointDelay } from './audit/checkpoint-delay.js';
import { proving } from './audit/proofs.js';
import { sealing } from './audit/sealing.js';
import { verifying } from './audit/verifying.js';
import type { Row } from './report.js';

const events = 100_000;

/** Sealing beside bare SHA-256, what is published of a leaf, proofs out of tiles, verifying, and how soon a checkpoint covers an event under load. */
export const auditBench = async (): Promise<Row[]> => {
  const generated = auditedEvents(events);
  const salts = auditSalts();
  return [
    ...(await sealing(generated, salts)),
    ...(await proving()),
    ...(await verifying(generated, salts)),
    ...(await checkpointDelay()),
  ];
};
