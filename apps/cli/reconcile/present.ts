import Table from 'cli-table3';

import type { Finding, Run } from './runs.js';

/** Ids of others on a terminal: nothing in them may drive the terminal. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ');

const words: Readonly<Record<Finding['finding'], string>> = {
  missing_here: 'missing here',
  missing_there: 'missing there',
  differs: 'differs',
  undelivered: 'undelivered',
  unreadable: 'could not be compared',
};

const valueOf = (value: string | null, currency: string | null): string => {
  if (value === null) return '';
  return currency === null || !/^-?\d+$/.test(value) ? printable(value) : `${value} ${printable(currency)}`;
};

/** A table of findings. Amounts are minor units. */
export const tableOf = (findings: readonly Finding[]): string => {
  const table = new Table({
    head: ['', 'what', 'object', 'aspect', 'ours', "processor's", 'tenant', 'our id', "processor's id"],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'left', 'left', 'right', 'right', 'left', 'left', 'left'],
  });
  for (const {
    outcome,
    finding,
    object,
    aspect,
    ours,
    theirs,
    currency,
    tenantId,
    objectId,
    processorId,
  } of findings) {
    table.push([
      outcome,
      words[finding],
      object,
      printable(aspect),
      valueOf(ours, currency),
      valueOf(theirs, currency),
      tenantId ?? '',
      printable(objectId ?? ''),
      printable(processorId),
    ]);
  }
  return table.toString();
};

/** One line: the window, how much was compared, and what came of it. */
export const summaryOf = ({ from, to, state, compared, repaired, drift, lastError }: Run): string => {
  const window = `${from.toISOString()} to ${to.toISOString()}`;
  if (state === 'failed') return `The reconciliation of ${window} failed: ${printable(lastError ?? 'unknown')}.`;
  const end = drift > 0 ? `${drift} left to look at` : 'both sides agree';
  return `${window}: ${compared} objects compared, ${repaired} repaired, ${end}.`;
};

/** The run and its findings as one JSON object. */
export const reportOf = (run: Run, findings: readonly Finding[]): string => {
  const { from, to, stepsDone: _done, stepsTotal: _total, ...rest } = run;
  return JSON.stringify({ ...rest, window: { from, to }, findings });
};
