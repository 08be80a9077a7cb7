import type { ObjectStore } from '#object-store';

/** Raised by everything that a process would have done after its end. */
export class Dead extends Error {}

/**
 * What a kill -9 does to a process, in one: the `at`-th write is its last act, either just not done, or done without the process ever hearing
 * of it. From then on nothing of it reaches the world: no write, no read, no query.
 */
export class Mortality {
  #writes = 0;
  #dead = false;
  #died = (): void => undefined;
  /** Resolves when it dies. */
  readonly death = new Promise<void>((resolve) => (this.#died = resolve));

  constructor(
    readonly at: number,
    readonly when: 'before' | 'after',
    private readonly onDeath: () => void = () => undefined,
  ) {}

  get writes(): number {
    return this.#writes;
  }

  get isDead(): boolean {
    return this.#dead;
  }

  /** Ends it now. */
  kill(): void {
    this.#dead = true;
    this.onDeath();
    this.#died();
  }

  async read<T>(work: () => Promise<T>): Promise<T> {
    this.#assertAlive();
    const result = await work();
    this.#assertAlive();
    return result;
  }

  async write<T>(work: () => Promise<T>): Promise<T> {
    this.#assertAlive();
    this.#writes += 1;
    const isLast = this.#writes === this.at;
    if (isLast && this.when === 'before') this.kill();
    this.#assertAlive();
    const result = await work();
    if (isLast) this.kill();
    this.#assertAlive();
    return result;
  }

  #assertAlive(): void {
    if (this.#dead) throw new Dead('the process was killed');
  }
}

/** A store as that process has it. */
export const mortalStore = (store: ObjectStore, life: Mortality): ObjectStore => ({
  name: store.name,
  read: (path) => life.read(() => store.read(path)),
  create: (path, bytes) => life.write(() => store.create(path, bytes)),
  replace: (path, bytes) => life.write(() => store.replace(path, bytes)),
  list: (prefix, options) => life.read(() => store.list(prefix, options)),
});

/** What of a pool the anchor uses. */
interface Queries {
  query: (...given: never[]) => unknown;
}

/** A pool as that process has it: what inserts counts as a write, the lease does not, which is no more than a hint. */
export const mortalPool = <T extends Queries>(pool: T, life: Mortality): T => {
  const query = (...given: unknown[]): unknown => {
    const [first] = given as [string | { text: string }];
    const work = () => Promise.resolve(pool.query(...(given as never[])));
    const text = typeof first === 'string' ? first : first.text;
    return text.startsWith('insert') ? life.write(work) : life.read(work);
  };
  return { query } as unknown as T;
};
