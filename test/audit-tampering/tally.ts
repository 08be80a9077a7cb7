import type { Finding, FindingKind } from '#audit';
import type { Ran } from '../../apps/cli/testing/run-command.js';

const kinds = [
  'event row',
  'leaf',
  'tile',
  'checkpoint',
  'key',
  'ordering',
  'deletion of the newest',
  'full rewrite',
  'forks',
  'receipt',
] as const;
export type AttackKind = (typeof kinds)[number];

/** What a verification with --json says of a log that is broken. */
interface Broken {
  v: 1;
  ok: false;
  finding: Finding;
}

/** Counts the attacks that were tried and found out. */
export class Tally {
  readonly #tried = new Map<AttackKind, number>();

  /** What `ran` found, one of the `expected` kinds of finding. Throws where the attack passed, or where it was not told what and where. */
  found(kind: AttackKind, { code, out, err }: Ran, ...expected: FindingKind[]): Finding {
    if (code !== 1) throw new Error(`an attack on the ${kind} ended with ${String(code)}: ${out}${err}`);
    const { v, ok, finding } = JSON.parse(out) as Broken;
    if (v !== 1 || ok || finding.message === '') throw new Error(`an attack on the ${kind} is told as: ${out}`);
    if (!expected.includes(finding.kind)) throw new Error(`an attack on the ${kind} was taken for another: ${out}`);
    this.#tried.set(kind, (this.#tried.get(kind) ?? 0) + 1);
    return finding;
  }

  get missing(): AttackKind[] {
    return kinds.filter((kind) => !this.#tried.has(kind));
  }

  get line(): string {
    const counts = [...this.#tried.values()].reduce((sum, count) => sum + count, 0);
    const each = kinds.map((kind) => `${kind} ${String(this.#tried.get(kind) ?? 0)}`).join(', ');
    return `attacks: ${String(counts)} tried on the audit log, all found by billing audit verify (${each})`;
  }
}
