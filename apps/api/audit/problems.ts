import { ProblemError } from '../http/problem.js';

/** What the log, the event store and the places of leaves say does not agree. Nothing is handed out that a verifier would refuse. */
export const inconsistent = (reason: string): ProblemError =>
  new ProblemError(503, 'audit_log_inconsistent', `${reason}; no receipt is handed out, tell who runs the service`);

/** Of an event that no published checkpoint covers yet. */
export const notYetAnchored = (eventId: string): ProblemError =>
  new ProblemError(
    409,
    'not_yet_anchored',
    `event ${eventId} is recorded, and no published checkpoint covers it yet; ask again in a moment`,
    { field: 'id' },
    { 'retry-after': '1' },
  );
