import { LRUCache } from 'lru-cache';

/** A key in clear and the version that sealed data names it by. */
export interface KeyMaterial {
  readonly version: number;
  readonly bytes: Buffer;
}

/** How much, how long and how often a key in clear may be kept. */
export interface KeyCacheLimits {
  /** Keys held at most; the least recently used goes first. */
  maxEntries: number;
  /** A key is loaded anew after this time, so that rotation, erasure and a disabled master key take hold. */
  maxAgeMs: number;
  /** A key is loaded anew after so many uses, one at least. */
  maxUses: number;
}

export const defaultKeyCacheLimits: KeyCacheLimits = { maxEntries: 10_000, maxAgeMs: 300_000, maxUses: 100_000 };

interface Entry {
  key: KeyMaterial;
  uses: number;
  /** Callers who were promised this key and have not used it yet; it is zeroed only when there are none. */
  waiting: number;
  evicted: boolean;
}

interface Loading {
  entry: Promise<Entry>;
  waiting: number;
}

/**
 * Keys in clear, within limits of number, age and use. Loads of one key that overlap become one. A key that leaves is
 * overwritten with zeros.
 */
export class KeyCache {
  readonly #entries: LRUCache<string, Entry>;
  readonly #loading = new Map<string, Loading>();
  readonly #maxUses: number;
  /** How often everything was forgotten. */
  #cleared = 0;

  constructor(limits: KeyCacheLimits = defaultKeyCacheLimits) {
    this.#maxUses = limits.maxUses;
    this.#entries = new LRUCache({
      max: limits.maxEntries,
      ttl: limits.maxAgeMs,
      // Age is bounded by a timer and not by the next read: a key that nobody reads again must go too.
      ttlAutopurge: true,
      // And a timer may be late: each use looks at the clock itself.
      ttlResolution: 0,
      dispose: (entry) => {
        entry.evicted = true;
        zeroIfUnused(entry);
      },
    });
  }

  /**
   * Runs `work` with the key `id`, loading it when it is not held. `work` must be synchronous and must not keep the bytes:
   * they may be zeroed as soon as it returns. Rejects with what `load` rejects with; nothing is kept of a failed load.
   */
  async use<T>(id: string, load: () => Promise<KeyMaterial>, work: (key: KeyMaterial) => T): Promise<T> {
    for (;;) {
      const held = this.#entries.get(id);
      if (held) return this.#run(id, held, work);

      const loading = this.#loading.get(id) ?? this.#startLoading(id, load);
      loading.waiting += 1;
      const entry = await loading.entry;
      try {
        // Others who waited for it may have used it up. Each load serves somebody, so everybody has a turn.
        if (entry.uses < this.#maxUses) return this.#run(id, entry, work);
      } finally {
        entry.waiting -= 1;
        zeroIfUnused(entry);
      }
    }
  }

  /** Forgets and zeroes every key, those that are being loaded as well: they serve whoever waits for them, and nobody else. */
  clear(): void {
    this.#cleared += 1;
    this.#entries.clear();
    this.#loading.clear();
  }

  #startLoading(id: string, load: () => Promise<KeyMaterial>): Loading {
    // `#load` starts only after the entry below is in the map, which it takes out again however it ends.
    const loading: Loading = { waiting: 0, entry: Promise.resolve().then(() => this.#load(id, load, loading)) };
    this.#loading.set(id, loading);
    return loading;
  }

  async #load(id: string, load: () => Promise<KeyMaterial>, loading: Loading): Promise<Entry> {
    const cleared = this.#cleared;
    try {
      const key = await load();
      const isForgotten = cleared !== this.#cleared;
      const entry = { key, uses: 0, waiting: loading.waiting, evicted: isForgotten };
      if (!isForgotten) this.#entries.set(id, entry);
      return entry;
    } finally {
      if (this.#loading.get(id) === loading) this.#loading.delete(id);
    }
  }

  #run<T>(id: string, entry: Entry, work: (key: KeyMaterial) => T): T {
    entry.uses += 1;
    const result = work(entry.key);
    if (entry.uses >= this.#maxUses && !entry.evicted) this.#entries.delete(id);
    return result;
  }
}

const zeroIfUnused = (entry: Entry): void => {
  if (entry.evicted && entry.waiting === 0) entry.key.bytes.fill(0);
};
