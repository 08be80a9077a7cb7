import { once } from 'node:events';
import { resolve } from 'node:path';

import { roleUrl } from '#platform/migrate';

import { banner } from './banner.js';
import { lockDataDirectory } from './data-lock.js';
import { openDatabase } from './database.js';
import { appSpecs, type Group, standaloneGroups, type Surroundings } from './groups.js';
import { checkKafka } from './kafka.js';
import { refuseSharedPorts, settlePorts } from './port-settings.js';
import { prepareDatabase } from './prepare-database.js';
import { drain_limit_ms } from './protocol.js';
import { rolePasswords } from './role-passwords.js';
import type { StandaloneSettings } from './settings.js';
import { SupervisedProcess } from './supervised-process.js';
import { webhookSecrets } from './webhook-secrets.js';
import { urlsOf } from './whereabouts.js';

export interface SupervisorOptions {
  settings: StandaloneSettings;
  /** takes a line for the reader at a time */
  print: (line: string) => void;
  /** aborted to stop: everything drains, the front first and Postgres last */
  stop: AbortSignal;
  /** aborted to stop without draining */
  hurry: AbortSignal;
  /** the processes and their apps; those of design 2 if left out */
  groups?: Group[];
}

/** What a run has started. */
interface Part {
  /** Called before the first part is stopped: from then on, none that ends is started again. */
  keepDown?: () => void;
  stop: () => Promise<void>;
}

/** The parts of a run, each the later one's ground: stopped in the opposite order of their start. */
class Run {
  readonly #parts: Part[] = [];
  readonly #failed = new AbortController();

  /** Aborted, with the reason, when a part has ended too often. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  readonly giveUp = (reason: Error): void => {
    this.#failed.abort(reason);
  };

  add(part: Part): void {
    this.#parts.push(part);
  }

  async stop(): Promise<void> {
    const parts = this.#parts.splice(0).reverse();
    for (const { keepDown } of parts) keepDown?.();
    for (const { stop } of parts) await stop();
  }
}

/** Resolves with the work, or rejects with the signal's reason, whichever is first. */
const unless = async <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  signal.throwIfAborted();
  const aborted = new AbortController();
  const stopped = once(signal, 'abort', { signal: aborted.signal }).then(() => {
    signal.throwIfAborted();
    throw new Error('unreachable');
  });
  stopped.catch(() => undefined);
  return Promise.race([work, stopped]).finally(() => {
    aborted.abort();
  });
};

/** The sandbox, which calls nobody else, believes whoever vouches for the certificate that webhooks are taken in with. */
const trusting = ({ apps }: Group, { settings }: Surroundings): NodeJS.ProcessEnv => {
  const certFile = settings.inbound.webhooks.tls?.certFile;
  const sends = apps.some(({ webhooks }) => webhooks === 'sent');
  return sends && certFile !== undefined ? { NODE_EXTRA_CA_CERTS: certFile } : {};
};

const startGroups = async (
  run: Run,
  groups: Group[],
  surroundings: Surroundings,
  interrupted: AbortSignal,
  { print, hurry }: SupervisorOptions,
): Promise<void> => {
  for (const group of groups) {
    interrupted.throwIfAborted();
    const supervised = new SupervisedProcess({
      name: group.name,
      script: new URL('./process.js', import.meta.url),
      apps: appSpecs(group, surroundings),
      environment: { ...surroundings.settings.inherited, ...trusting(group, surroundings) },
      log: print,
      onGiveUp: run.giveUp,
    });
    run.add({
      keepDown: () => {
        supervised.keepDown();
      },
      stop: () => supervised.stop(hurry),
    });
    await supervised.start();
  }
};

/**
 * Runs the standalone until `stop` is aborted: Postgres, the migrations, then the processes, and everything again that ends
 * by itself. Resolves when all of it is gone.
 * @throws ConfigurationError (RefusedToStart) with one line for the reader
 * @throws PartFailed when a part cannot be started or kept running; then, too, nothing is left
 */
export const runStandalone = async (options: SupervisorOptions): Promise<void> => {
  const { settings, print, stop } = options;
  const began = Date.now();
  const groups = options.groups ?? standaloneGroups(settings);
  refuseSharedPorts(groups, settings.ports);
  const lock = lockDataDirectory(settings.dataDirectory);
  const run = new Run();
  const interrupted = AbortSignal.any([stop, run.failed]);
  try {
    // The processes of a killed run may still be draining.
    const ports = await settlePorts(groups, settings.ports, lock.afterKill ? drain_limit_ms + 2_000 : 0);
    interrupted.throwIfAborted();
    if (settings.kafka) await unless(interrupted, checkKafka(settings.kafka));
    const database = await openDatabase({ settings, log: print, onGiveUp: run.giveUp });
    run.add({ stop: () => database.stop() });
    interrupted.throwIfAborted();
    const rolePassword = rolePasswords(settings.dataDirectory);
    // Cut short only by a reader in a hurry: a migration that is under way is better finished.
    await unless(options.hurry, prepareDatabase({ adminUrl: database.adminUrl, settings, rolePassword, print }));
    interrupted.throwIfAborted();
    const surroundings: Surroundings = {
      settings,
      ports,
      roleUrl: (role) => roleUrl(database.adminUrl, role, rolePassword(role)),
      webhookSecrets: await webhookSecrets(settings),
    };
    await unless(interrupted, startGroups(run, groups, surroundings, interrupted, options));
    const urls = urlsOf(groups, settings, ports);
    const { apiUrl } = urls;
    lock.announce({ url: apiUrl, ...(settings.databaseUrl === undefined && { databaseUrl: database.adminUrl }) });
    print(
      banner({
        ...urls,
        certificate: settings.inbound.api.tls?.certFile,
        dataDirectory: settings.dataDirectory,
        databaseDirectory: database.directory?.startsWith(`${settings.dataDirectory}/`)
          ? undefined
          : database.directory,
        kafka: settings.kafka?.brokers.join(','),
        trial: settings.environment === 'development',
        issuer: settings.issuer,
        environment: dataDirectoryPrefix(settings.dataDirectory),
        took_s: (Date.now() - began) / 1000,
      }),
    );
    if (!interrupted.aborted) await once(interrupted, 'abort');
  } catch (error) {
    // Being told to stop is no failure, whatever was cut short by it.
    if (!stop.aborted) throw error;
  } finally {
    if (stop.aborted) print('stopping');
    await run.stop();
    lock.release();
  }
  run.failed.throwIfAborted();
};

/** What `billing` must be told to find a data directory that is not `.billing` of this folder. */
const dataDirectoryPrefix = (dataDirectory: string): string =>
  dataDirectory === resolve('.billing') ? '' : `BILLING_DATA_DIR='${dataDirectory}' `;
