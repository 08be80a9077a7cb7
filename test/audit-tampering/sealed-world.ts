/** An audit log sealed from events of a real Postgres, its export, and the command lines of operators and auditors on them. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Entry, NoteSigner, Opening } from '#audit';
import {
  TileNodes,
  TiledLog,
  checkpointPath,
  entryOf,
  formatEntry,
  formatReceipt,
  formatVerifierKey,
  inclusionProof,
} from '#audit';
import type { AuditedEvent } from '#audit-log';
import { openingOf, readAudited } from '#audit-log';
import { allShards } from '#event-store';
import { Keys, PostgresSubjectKeyStore, PostgresTenantKeyStore, openKeyManagement } from '#keys';
import { readConfiguration } from '#platform/configuration';
import { billingProgram } from '../../apps/cli/program.js';
import type { Ran } from '../../apps/cli/testing/run-command.js';
import { runCommand } from '../../apps/cli/testing/run-command.js';
import { MemoryLogFiles } from '../../libs/audit/testing/memory-log-files.js';
import { signHead } from '../../libs/audit/testing/sample-log.js';
import { generateLog } from '../bench/generated-log.js';
import type { TestDatabase } from '../database/index.js';
import { createTestDatabase } from '../database/index.js';

/** A signed log, to be laid into a folder. */
export interface SealedLog {
  files: MemoryLogFiles;
  log: TiledLog;
  checkpoint: string;
}

/** The log of these entries, signed by `signer`, whose name is its origin. */
export const sealed = async (entries: readonly Entry[], signer: NoteSigner): Promise<SealedLog> => {
  const files = new MemoryLogFiles();
  const log = new TiledLog();
  files.write(log.append(entries.map(formatEntry)));
  const checkpoint = await signHead(log, signer.key.name, [signer]);
  files.files.set(checkpointPath, Buffer.from(checkpoint));
  files.files.set('vkey', Buffer.from(`${formatVerifierKey(signer.key)}\n`));
  return { files, log, checkpoint };
};

/** Writes the files of a log into a folder. */
export const layOut = async ({ files }: SealedLog, folder: string): Promise<void> => {
  for (const [path, bytes] of files.files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
};

export class SealedWorld {
  readonly #folder: string;
  #copies = 0;

  private constructor(
    readonly database: TestDatabase,
    folder: string,
    readonly signer: NoteSigner,
    /** In the order of their leaves. */
    readonly events: readonly AuditedEvent[],
    readonly openings: readonly Opening[],
    readonly entries: readonly Entry[],
    readonly log: SealedLog,
  ) {
    this.#folder = folder;
  }

  /** A log of `count` realistic events of a few tenants. */
  static async open(count: number, signer: NoteSigner): Promise<SealedWorld> {
    const database = await createTestDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'audit-tampering-'));
    await generateLog(database.admin, { events: count, tenants: 6 });
    const events = interleaved(await readAudited(database.admin, new Map(allShards.map((each) => [each, 0])), count));
    const openings = await openingsOf(database, join(folder, 'data'), events);
    const entries = openings.map(entryOf);
    const log = await sealed(entries, signer);
    await layOut(log, join(folder, 'log'));
    return new SealedWorld(database, folder, signer, events, openings, entries, log);
  }

  /** Where the service keeps the log. */
  get source(): string {
    return join(this.#folder, 'log');
  }

  /** A path of its own below the world's folder. */
  fresh(name: string): string {
    this.#copies += 1;
    return join(this.#folder, `${name}-${String(this.#copies)}`);
  }

  async file(name: string, text: string | Uint8Array): Promise<string> {
    const path = this.fresh(name);
    await writeFile(path, text);
    return path;
  }

  /** A copy of a folder, to do harm to. */
  async copyOf(folder: string): Promise<string> {
    const copy = this.fresh('copy');
    await cp(folder, copy, { recursive: true });
    return copy;
  }

  /** The receipt of the event of a leaf, under `log`, which has it there. */
  async receipt(index: number, { files, log, checkpoint }: SealedLog = this.log): Promise<string> {
    const opening = this.openings[index];
    if (!opening) throw new Error(`there is no leaf ${String(index)}`);
    const { size } = log.head();
    return formatReceipt({
      index,
      proof: await inclusionProof(new TileNodes(files, size), index, size),
      checkpoint,
      opening,
    });
  }

  /** `billing ...` of the operator. */
  operator(...args: string[]): Promise<Ran> {
    return runCommand(billingProgram(settingsOf(this.database, join(this.#folder, 'data'), this.source)), args);
  }

  /** `billing audit verify ...` of an outsider, whose settings are of something else. */
  verify(...args: string[]): Promise<Ran> {
    const settings = { DATABASE_URL: 'nonsense', KAFKA_BROKERS: 'nonsense', BILLING_ENV: 'nonsense' };
    return runCommand(billingProgram(settings), ['audit', 'verify', '--quiet', ...args]);
  }

  async close(): Promise<void> {
    await this.database.drop();
    await rm(this.#folder, { recursive: true });
  }
}

const settingsOf = ({ adminUrl }: TestDatabase, dataDirectory: string, log: string): NodeJS.ProcessEnv => ({
  BILLING_ENV: 'test',
  DATABASE_URL: adminUrl,
  BILLING_DATA_DIR: dataDirectory,
  AUDIT_LOG: log,
});

/** As an anchor finds them that reads the shards in turn, a few positions at a time. */
const interleaved = (events: readonly AuditedEvent[]): AuditedEvent[] =>
  events.toSorted((one, other) => Math.floor(one.position / 7) - Math.floor(other.position / 7));

const openingsOf = async (
  database: TestDatabase,
  dataDirectory: string,
  events: readonly AuditedEvent[],
): Promise<Opening[]> => {
  const { kms } = readConfiguration(settingsOf(database, dataDirectory, join(dataDirectory, 'log')));
  const pool = database.pool('billing_merkle_anchor');
  const keys = new Keys({
    app: 'merkle-anchor',
    environment: 'test',
    kms: await openKeyManagement(kms, 'test'),
    tenantKeys: new PostgresTenantKeyStore(pool),
    subjectKeys: new PostgresSubjectKeyStore(pool),
  });
  const openings: Opening[] = [];
  for (const event of events) {
    const saltOfEvent = await keys.auditSalts(event.tenantId);
    openings.push(openingOf(event, saltOfEvent(event.eventId)));
  }
  return openings;
};
