import type { Warnings } from '#platform/warnings';

/** How long a key that the processor refused is passed over while there is another one. */
const passedOverMs = 30_000;

/** A key, by its version, for all calls; or for those of one operation, which it lacks a permission for. */
interface Refusal {
  version: number;
  operation: string | undefined;
  untilMs: number;
}

const nameOf = (version: number, operation: string | undefined): string => `${version}/${operation ?? ''}`;

/** What the processor said of keys: which of them it does not take, and which may not do what. Readiness is yellow while there are some. */
export class Refusals {
  readonly #warnings: Warnings;
  readonly #refusals = new Map<string, Refusal>();

  constructor(warnings: Warnings) {
    this.#warnings = warnings;
  }

  /** Whether a key is to be passed over for an operation where there is another one. */
  isPassedOver(version: number, operation: string, nowMs: number): boolean {
    return [undefined, operation].some((of) => (this.#refusals.get(nameOf(version, of))?.untilMs ?? -Infinity) > nowMs);
  }

  /** Keeps that a key was refused; gives whether that is news. */
  note(version: number, operation: string | undefined, nowMs: number): boolean {
    const name = nameOf(version, operation);
    const before = this.#refusals.get(name)?.untilMs ?? -Infinity;
    this.#refusals.set(name, { version, operation, untilMs: nowMs + passedOverMs });
    this.#tell();
    return before <= nowMs;
  }

  /** The processor took a key for an operation. */
  accepted(version: number, operation: string): void {
    if (this.#refusals.size === 0) return;
    for (const each of [undefined, operation]) this.#refusals.delete(nameOf(version, each));
    this.#tell();
  }

  /** Forgets all keys but these: the others are not used any more. */
  keep(versions: readonly number[]): void {
    for (const [name, { version }] of this.#refusals) if (!versions.includes(version)) this.#refusals.delete(name);
    this.#tell();
  }

  #tell(): void {
    const all = [...this.#refusals.values()];
    const refused = all.filter(({ operation }) => operation === undefined);
    const forbidden = all.filter(({ operation }) => operation !== undefined);
    this.#warnings.set(
      'api_key_refused',
      refused[0] && `the processor does not take version ${refused[0].version} of the API key`,
    );
    this.#warnings.set(
      'api_key_forbidden',
      forbidden[0] &&
        `version ${forbidden[0].version} of the API key lacks a permission for ${forbidden.map(({ operation }) => operation).join(', ')}: ` +
          'give it that in the dashboard of the processor, or billing secrets rotate --kind api',
    );
  }
}
