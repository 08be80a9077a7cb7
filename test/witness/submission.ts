/** What a witness is asked, https://c2sp.org/tlog-witness, and what the specification has it answer. */
import type { LogIdentity, SignedCheckpoint } from '#audit';
import { Malformed, ProofRefused, SignatureRefused, openCheckpoint, parseNote, verifyConsistency } from '#audit';

/** An answer that is no cosignature. */
export class Refusal extends Error {
  constructor(
    readonly status: 400 | 403 | 404 | 409 | 422,
    reason: string,
    /** Of a 409: the size that the witness is at. */
    readonly size?: number,
  ) {
    super(reason);
  }
}

export interface AddCheckpoint {
  oldSize: number;
  proof: Uint8Array[];
  note: string;
  origin: string;
}

const hashForm = /^[A-Za-z0-9+/]{43}=$/;

/** Throws Refusal, 400. */
export const readSubmission = (body: string): AddCheckpoint => {
  const end = body.indexOf('\n\n');
  const [oldLine = '', ...proofLines] = body.slice(0, Math.max(end, 0)).split('\n');
  const [, oldSize] = /^old (0|[1-9][0-9]{0,15})$/.exec(oldLine) ?? [];
  if (oldSize === undefined) throw new Refusal(400, 'no old size');
  if (proofLines.length > 63 || proofLines.some((line) => !hashForm.test(line))) throw new Refusal(400, 'no proof');
  const note = body.slice(end + 2);
  try {
    const [origin = ''] = parseNote(note).text.split('\n', 1);
    return { oldSize: Number(oldSize), proof: proofLines.map((line) => Buffer.from(line, 'base64')), note, origin };
  } catch (error) {
    throw new Refusal(400, String(error));
  }
};

/** Passes when `submission` extends the checkpoint that was cosigned last. Throws Refusal, in the order of the specification. */
export const judge = (
  { oldSize, proof, note }: AddCheckpoint,
  log: LogIdentity,
  latest: string | undefined,
): SignedCheckpoint => {
  const checkpoint = openedBy(note, log);
  if (oldSize > checkpoint.size) throw new Refusal(400, 'the old size is above the size');
  const last = latest === undefined ? undefined : openCheckpoint(latest, log);
  const size = last?.size ?? 0;
  if (oldSize !== size) throw new Refusal(409, 'the old size is not where this witness is', size);
  if (!last || size === 0) {
    if (proof.length > 0) throw new Refusal(422, 'a proof from nothing');
    return checkpoint;
  }
  try {
    verifyConsistency(last, checkpoint, proof);
  } catch (error) {
    if (error instanceof ProofRefused) throw new Refusal(422, error.message);
    throw error;
  }
  return checkpoint;
};

const openedBy = (note: string, log: LogIdentity): SignedCheckpoint => {
  try {
    return openCheckpoint(note, log);
  } catch (error) {
    if (error instanceof SignatureRefused) throw new Refusal(403, error.message);
    if (error instanceof Malformed)
      throw new Refusal(parseNote(note).text.split('\n')[1] === '0' ? 422 : 400, error.message);
    throw error;
  }
};
