import type { AccessAudit, ActionName, Denial, Grant } from '#access';
import { actions } from '#access';
import { platformTenantId } from '#access/tenancy';
import type { PrivilegedAccessGranted } from '#domain/access';
import { UnknownTenant } from '#event-store';
import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { within } from '#platform/waiting';

import type { AccessStreamsParts } from './access-streams.js';
import { AccessStreams } from './access-streams.js';
import { DenialWindows } from './denial-windows.js';
import type { WindowBounds } from './denial-windows.js';
import { DenialWriter } from './denial-writer.js';
import { GrantWriter } from './grant-writer.js';
import type { Untold } from './metrics.js';
import { AccessMetrics } from './metrics.js';
import type { CountedDenial } from './recordable.js';
import { grantedEvent, recordableDenial } from './recordable.js';
import { RepeatedReads } from './repeated-reads.js';

export interface AccessRecorderParts extends AccessStreamsParts {
  metrics: Registry;
  logger: Pick<Logger, 'warn' | 'error'>;
  bounds?: Partial<WindowBounds>;
}

const tickMs = 250;
/** Records of denials that wait for the store at most: some 2 MB. */
const maxWaiting = 5_000;
/** With growing pauses, some two minutes; then only their number is kept, until the store takes that. */
const maxTries = 10;
const sayEveryMs = 30_000;
const closeWithinMs = 3_000;

/** Writes what the doors of an app tell into the access log of the tenant that it concerns, or of the platform. */
export class AccessRecorder implements AccessAudit {
  readonly #metrics: AccessMetrics;
  readonly #logger: AccessRecorderParts['logger'];
  readonly #windows: DenialWindows;
  readonly #denials: DenialWriter;
  readonly #grants: GrantWriter;
  readonly #reads = new RepeatedReads();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #saidAt = -Infinity;

  constructor({ metrics, logger, bounds, ...parts }: AccessRecorderParts) {
    const streams = new AccessStreams(parts);
    this.#metrics = new AccessMetrics(metrics);
    this.#logger = logger;
    this.#windows = new DenialWindows(bounds);
    this.#grants = new GrantWriter(streams);
    this.#denials = new DenialWriter(streams, {
      maxWaiting,
      maxTries,
      giveUp: (denials, why, error) => {
        this.#giveUp(denials, why, error);
      },
    });
  }

  denied(given: Denial): void {
    try {
      const denial = recordableDenial({ ...given, tenantId: given.tenantId ?? platformTenantId });
      this.#metrics.denied(denial.channel, denial.code);
      if (this.#closed) {
        this.#lose([{ denial, count: 1, firstAt: Date.now(), lastAt: Date.now() }]);
        return;
      }
      const { write, told } = this.#windows.take(denial, Date.now());
      if (!told) this.#metrics.untold('share', 1);
      if (write) this.#denials.add(write);
      this.#wake();
    } catch (error) {
      this.#logger.error({ err: error }, 'a denial could not be recorded'); // never the caller's trouble
    }
  }

  async granted(grant: Grant): Promise<void> {
    const { tenantId } = grant;
    try {
      await this.#granted(grant);
    } catch (error) {
      // Whoever asks for a tenant that there is not must not find out unseen which there are.
      if (error instanceof UnknownTenant && tenantId !== undefined && tenantId !== platformTenantId)
        await this.#granted({ ...grant, tenantId: undefined, resource: tenantId });
      throw error;
    }
  }

  async #granted({ tenantId = platformTenantId, ...grant }: Grant): Promise<void> {
    const event = grantedEvent({ ...grant, tenantId }, Date.now());
    const record = async (): Promise<void> => {
      await this.#grants.write(tenantId, event);
      this.#metrics.granted(grant.channel, grant.action);
    };
    await (onlyReads(event) ? this.#reads.once(tenantId, event, record) : record());
  }

  /** Writes what was counted, for three seconds at most; what the store does not take by then is told to the log of the process. */
  async close(withinMs = closeWithinMs): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const until = Date.now() + withinMs;
    while (this.#windows.size + this.#denials.size > 0 && Date.now() < until) {
      for (const counted of this.#windows.rest()) this.#denials.add(counted);
      this.#denials.hurry();
      await within(this.#denials.settled(), until - Date.now());
      if (this.#denials.size > 0) await within(new Promise(() => undefined), Math.min(100, until - Date.now()));
    }
    this.#lose([...this.#denials.takeRest(), ...this.#windows.rest()]);
  }

  #wake(): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#tick();
    }, tickMs);
    this.#timer.unref();
  }

  #tick(): void {
    const now = Date.now();
    for (const counted of this.#windows.ended(now)) this.#denials.add(counted);
    this.#denials.begin(now);
    if (this.#windows.size + this.#denials.size > 0) this.#wake();
  }

  /** They are told by their number, once there is room and the store takes it. */
  #giveUp(denials: readonly CountedDenial[], why: Exclude<Untold, 'share'>, error?: unknown): void {
    const now = Date.now();
    for (const counted of denials) this.#windows.fold(counted, now);
    const count = sumOf(denials);
    this.#metrics.untold(why, count);
    if (now - this.#saidAt < sayEveryMs) return;
    this.#saidAt = now;
    this.#logger.warn(
      { why, count, error: error instanceof Error ? error.message : undefined },
      'denials are not told apart in the access log, only counted',
    );
  }

  #lose(denials: readonly CountedDenial[]): void {
    const count = sumOf(denials);
    if (count === 0) return;
    this.#metrics.lost(count);
    this.#logger.error({ count }, 'denials are not in the access log: the store did not take them before the end');
  }
}

/** By the table: what an operator's tool does is not in it. */
const onlyReads = ({ channel, action }: PrivilegedAccessGranted): boolean =>
  channel !== 'cli' && Object.hasOwn(actions, action) && actions[action as ActionName].effect === 'reads';

const sumOf = (denials: readonly CountedDenial[]): number => denials.reduce((sum, { count }) => sum + count, 0);
