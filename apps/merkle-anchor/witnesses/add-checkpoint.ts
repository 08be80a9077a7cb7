/** One `add-checkpoint` request of https://c2sp.org/tlog-witness. */
import type { TreeHead } from '#audit';

import { WitnessAbsent } from './errors.js';

/** More than the specification lets a client send. */
const maxProofLines = 63;
/** A cosignature line has at most some 3.5 kB (ML-DSA-44). */
const maxAnswerBytes = 65_536;
const sizeType = 'text/x.tlog.size';

export interface Submission {
  /** The size that the witness is believed to be at. */
  oldSize: number;
  /** From the old size to the checkpoint. Empty for an old size of 0, and for equal sizes. */
  proof: readonly Uint8Array[];
  /** The signed checkpoint. */
  note: string;
  head: TreeHead;
}

/**
 * What the witness says: signature lines; the size that it is at; or that no proof from the old size leads to this checkpoint, since what it
 * has cosigned there is another tree.
 */
export type Answer = { lines: string } | { at: number } | { inconsistent: true };

export interface Exchange {
  /** `add-checkpoint` under the submission prefix. */
  url: URL;
  timeoutMs: number;
  /** Ends the request early. */
  signal: AbortSignal;
}

/** Asks once. Throws WitnessAbsent for every answer, or none, that tells nothing about the log. */
export const addCheckpoint = async (submission: Submission, exchange: Exchange): Promise<Answer> => {
  const { status, type, text } = await post(bodyOf(submission), exchange);
  if (status === 200) return { lines: text };
  // omniwitness answers so, where the specification wants 422, when it has another root of this size.
  if (status === 409 && text === '' && isRepeat(submission)) return { inconsistent: true };
  if (status === 409) return { at: sizeOf(type, text) };
  // Without an old size there is no proof to refuse: then it is something else that it cannot process.
  if (status === 422 && submission.oldSize > 0) return { inconsistent: true };
  throw new WitnessAbsent(status >= 500 ? 'failing' : 'refused', refusals[status] ?? `it answers ${String(status)}`);
};

const isRepeat = ({ oldSize, head }: Submission): boolean => oldSize > 0 && oldSize === head.size;

const refusals: Readonly<Record<number, string>> = {
  403: 'it knows none of the keys that signed (403): tell its operator the vkey of this log',
  404: 'it does not know this log (404): tell its operator origin and vkey',
};

/** The body, as the specification writes it. Throws RangeError for more proof lines than it allows. */
export const bodyOf = ({ oldSize, proof, note }: Omit<Submission, 'head'>): string => {
  if (proof.length > maxProofLines) throw new RangeError(`a proof has at most ${String(maxProofLines)} hashes`);
  const lines = proof.map((hash) => Buffer.from(hash).toString('base64'));
  return [`old ${String(oldSize)}`, ...lines, '', note].join('\n');
};

const sizeOf = (type: string, text: string): number => {
  const [, digits] = /^(0|[1-9][0-9]{0,15})\n$/.exec(text) ?? [];
  const size = Number(digits);
  if (type !== sizeType || !Number.isSafeInteger(size)) {
    throw new WitnessAbsent('malformed', `its 409 does not tell a size as ${sizeType}`);
  }
  return size;
};

const post = async (body: string, { url, timeoutMs, signal }: Exchange) => {
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body,
      redirect: 'manual', // an answer from elsewhere is not this witness's
      signal: AbortSignal.any([late, signal]),
    });
    const type = (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
    return { status: response.status, type, text: await textOf(response) };
  } catch (error) {
    if (error instanceof WitnessAbsent) throw error;
    if (late.aborted) throw new WitnessAbsent('timeout', `no answer within ${String(timeoutMs)} ms`);
    if (signal.aborted) throw new WitnessAbsent('timeout', 'it was not waited for any longer');
    throw new WitnessAbsent('unreachable', `no connection (${causeOf(error)})`, { cause: error });
  }
};

const textOf = async ({ body }: Response): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) {
      throw new WitnessAbsent('malformed', `its answer has more than ${String(maxAnswerBytes)} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** The system's name of what went wrong, such as ECONNREFUSED. */
const causeOf = (error: unknown): string => {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : 'the connection failed';
};
