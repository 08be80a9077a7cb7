import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from '../logging/index.js';
import type { Registry } from '../metrics/index.js';
import { Gauge } from '../metrics/index.js';
import type { Followed } from './followed-file.js';

const defaultEveryMs = 1_000;

export interface FollowingOptions {
  files: readonly Followed[];
  /** Until when the certificate of the listeners is good. */
  notAfter: () => Date | undefined;
  /** Called for each change, once it holds. */
  changed: () => void;
  /** Called as often as files are looked at, for what time alone changes, and after each change. */
  looked: () => void;
  logger: Logger;
  metrics: Registry;
  /** Default 1,000. */
  everyMs?: number | undefined;
}

/**
 * Looks at certificates, keys and lists again and again, at each for itself, and says what became of it. One that hangs keeps nobody from
 * looking at the others.
 */
export class Following {
  readonly #options: FollowingOptions;
  readonly #stop = new AbortController();

  constructor(options: FollowingOptions) {
    this.#options = options;
    gauges(options);
  }

  start(): void {
    const { files, looked } = this.#options;
    if (files.length === 0) return;
    for (const file of files) void this.#often(() => this.#look(file));
    void this.#often(looked);
  }

  /** Ends it at once: what a look finds out after this moment changes nothing. */
  close(): void {
    this.#stop.abort();
  }

  async #often(work: () => Promise<void> | void): Promise<void> {
    const { signal } = this.#stop;
    const { everyMs = defaultEveryMs } = this.#options;
    for (;;) {
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      await work();
    }
  }

  async #look(file: Followed): Promise<void> {
    const { changed, looked, logger } = this.#options;
    const { setting } = file;
    const look = await file.look();
    if (this.#stop.signal.aborted) return;
    if (look.outcome === 'refused')
      logger.error({ setting, why: look.why }, 'a changed file cannot be used: what it said before holds');
    if (look.outcome !== 'changed') return;
    try {
      changed();
      logger.info({ setting }, 'a changed file is in use');
    } catch (error) {
      logger.error({ setting, why: (error as Error).message }, 'OpenSSL does not take a changed file');
    }
    looked();
  }
}

const gauges = ({ files, notAfter, metrics }: FollowingOptions): void => {
  if (files.length === 0) return;
  const registers = [metrics];
  new Gauge({
    name: 'billing_tls_file_refused',
    help: '1 while what a TLS_ setting names cannot be used and what it said before holds',
    labelNames: ['setting'],
    registers,
    collect() {
      for (const { setting, isStale } of files) this.set({ setting }, isStale ? 1 : 0);
    },
  });
  new Gauge({
    name: 'billing_tls_certificate_not_after_seconds',
    help: 'Until when the certificate of the listeners is good, seconds since 1970',
    registers,
    collect() {
      this.set((notAfter()?.getTime() ?? 0) / 1_000);
    },
  });
};
