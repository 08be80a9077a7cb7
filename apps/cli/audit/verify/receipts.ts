import type { Trust, VerifiedReceipt } from '#audit';
import { LogBroken, Malformed, ProofRefused, QuorumMissing, SignatureRefused, verifyReceipt } from '#audit';

import { UsageError } from '../../usage.js';
import type { SealedEvent } from './event-form.js';
import { misfit, readEvent } from './event-form.js';
import { readBounded } from './sources/log-sources.js';

/** What a receipt may have: its event, base64, and a proof. */
const maxReceiptBytes = 4_000_000;

export interface CheckedReceipt extends VerifiedReceipt {
  file: string;
  sealed: SealedEvent;
}

const isRefusal = (error: unknown): error is Error =>
  [Malformed, ProofRefused, QuorumMissing, SignatureRefused].some((refusal) => error instanceof refusal);

/** The receipt in `file`, verified offline with nothing but keys. Throws LogBroken, or UsageError for a file that is not there. */
export const checkReceipt = async (file: string, trust: Trust): Promise<CheckedReceipt> => {
  const bytes = await readBounded(file, maxReceiptBytes);
  if (!bytes) throw new UsageError(`there is no receipt ${file}`);
  try {
    const verified = verifyReceipt(bytes, trust);
    const reason = misfit(verified.event, verified.entry);
    if (reason !== undefined) throw new Malformed('receipt', `its event ${reason}`);
    return { ...verified, file, sealed: readEvent(verified.event) as SealedEvent };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new LogBroken({ kind: 'receipt', message: `${file}: ${error.message}` }, { cause: error });
  }
};
