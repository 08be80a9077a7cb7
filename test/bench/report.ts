import { cpus, totalmem } from 'node:os';

import Table from 'cli-table3';

/** One measurement. Rates are per second; `ratio` is ours by reference, of the same run on the same machine. */
export interface Row {
  name: string;
  ours: number;
  reference: number;
  ratio: number;
  p50_ms?: number;
  p99_ms?: number;
  /** Most resident memory of the measured process in the first third of its time, and in all: what grows with its work shows here. */
  peak_mb_first_third?: number;
  peak_mb?: number;
}

const columns = ['name', 'ours', 'reference', 'ratio', 'p50_ms', 'p99_ms', 'peak_mb_first_third', 'peak_mb'] as const;

export const rowOf = (name: string, ours: Measured, reference: Measured): Row => ({
  name,
  ours: Math.round(ours.rate),
  reference: Math.round(reference.rate),
  ratio: Number((ours.rate / reference.rate).toFixed(3)),
  p50_ms: ours.p50_ms,
  p99_ms: ours.p99_ms,
});

/** A row of two plain figures, such as records a second or milliseconds. */
export const comparedRow = (name: string, ours: number, reference: number): Row => ({
  name,
  ours: Math.round(ours),
  reference: Math.round(reference),
  ratio: Number((ours / reference).toFixed(3)),
});

export interface Measured {
  /** Operations a second. */
  rate: number;
  p50_ms: number;
  p99_ms: number;
}

/** The value below which `share` of the sorted `values` lie. */
const quantile = (values: Float64Array, share: number): number =>
  values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? 0;

/** Keeps `inFlight` operations running for `seconds`, after a warm-up of a third of it that is not counted. */
export const measure = async (
  operation: () => Promise<unknown>,
  { inFlight, seconds }: { inFlight: number; seconds: number },
): Promise<Measured> => {
  const latencies: number[] = [];
  const counted = performance.now() + (seconds * 1_000) / 3;
  const end = counted + seconds * 1_000;
  const worker = async (): Promise<void> => {
    for (;;) {
      const began = performance.now();
      if (began >= end) return;
      await operation();
      if (began >= counted) latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return summary(latencies, seconds);
};

export const summary = (latencies: readonly number[], seconds: number): Measured => {
  const sorted = Float64Array.from(latencies).sort();
  const round = (value: number) => Number(value.toFixed(2));
  return {
    rate: latencies.length / seconds,
    p50_ms: round(quantile(sorted, 0.5)),
    p99_ms: round(quantile(sorted, 0.99)),
  };
};

export const machine = (): string => {
  const [cpu] = cpus();
  return `${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;
};

/** A table for people, or one JSON object a line. */
export const print = (rows: readonly Row[], json: boolean): void => {
  if (json) {
    for (const row of rows) console.log(JSON.stringify(row));
    return;
  }
  const shown = columns.filter((column) => rows.some((row) => row[column] !== undefined));
  const table = new Table({ head: shown, style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push(shown.map((column) => row[column] ?? ''));
  console.log(table.toString());
  console.log(machine());
};
