import type { LogIdentity } from '#audit';
import { SignatureRefused, openCheckpoint } from '#audit';
import { boundedLog } from '#audit-log';
import { identityByHistory } from '#audit-log/keys';
import { Keys, PostgresSubjectKeyStore, PostgresTenantKeyStore, openKeyManagement } from '#keys';
import { openObjectStore } from '#object-store';
import type { Configuration } from '#platform/configuration';
import { openPool } from '#platform/database';
import { openKafka } from '#platform/kafka';
import type { Logger } from '#platform/logging';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';
import { Warnings } from '#platform/warnings';
import { randomUUID } from 'node:crypto';

import { MerkleAnchor } from './anchor.js';
import { ObjectStoreAnchor, TopicAnchor, anchorsBesideLog } from './anchors/index.js';
import { AnchorMetrics } from './metrics.js';
import { operatorsWords } from './operators-words.js';
import { Announcements } from './publication/announcements.js';
import { openKeyReceipts, openSigners } from './signers/index.js';
import { anchorObserver, witnessObserver } from './tellers.js';
import { openWitnesses } from './witnesses/index.js';

/** What the anchor holds open while it runs. It may sign and salt, and opens nothing that is sealed. */
export interface MerkleAnchorParts {
  anchor: MerkleAnchor;
  logger: Logger;
  metrics: Registry;
  /** What a person should look at although the work goes on. */
  warnings: Warnings;
  isReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** Checkpoints in a bucket can be neither changed nor deleted for so long. */
const anchorRetention = { years: 7 };

const lostByAnchor =
  'an anchor of the audit log no longer has a checkpoint that it had: an older copy was put in its place, or somebody deleted or replaced it; find out who. One that was added just now has none yet: restart after the next checkpoint, this stays until then';

/** Opens the pool, the keys, the store, the witnesses and the anchors, without starting anything. Throws ConfigurationError. */
export const openMerkleAnchorParts = async (configuration: Configuration): Promise<MerkleAnchorParts> => {
  const { databaseUrl, environment, audit } = configuration;
  const { origin, checkpointMs } = audit;
  const logger = createLogger({ app: 'merkle-anchor', level: configuration.logLevel });
  const metrics = createMetrics('merkle-anchor');
  const warnings = new Warnings(metrics);
  const store = boundedLog(openObjectStore(audit.log, { published: true }));
  const inOneHand = anchorsBesideLog(configuration);
  warnings.set('audit_anchors_beside_log', inOneHand);
  if (inOneHand !== undefined) logger.warn(inOneHand);
  const anchors = audit.anchors.map(
    (place) =>
      new ObjectStoreAnchor(openObjectStore(place, { retention: anchorRetention }), {
        lost: (size) => {
          logger.warn({ anchor: place, size }, lostByAnchor);
          warnings.set('audit_anchor_lost_checkpoint', lostByAnchor);
        },
      }),
  );
  const witnesses = await openWitnesses({
    policyFile: audit.witnessesFile,
    origin,
    observer: witnessObserver(metrics, logger, warnings),
  });
  const kms = await openKeyManagement(configuration.kms, environment, { metrics, logger, warnings });
  const onError = (error: Error) => {
    logger.warn({ error: error.message }, 'an idle database connection was lost');
  };
  const pool = openPool({ url: databaseUrl, app: 'merkle-anchor', max: 4, onError });
  const tenantKeys = new PostgresTenantKeyStore(pool);
  const subjectKeys = new PostgresSubjectKeyStore(pool);
  const keys = new Keys({ app: 'merkle-anchor', environment, kms, tenantKeys, subjectKeys });
  const signers = openSigners({ pool, origin, store, kms });
  const told = new AnchorMetrics(
    metrics,
    anchors.map(({ name }) => name),
  );
  const observer = anchorObserver(logger, told, warnings);
  // Every key of the history: Kafka may have been away since before the newest was introduced.
  const topic = openTopic(
    configuration,
    () => identityByHistory(pool, origin),
    (message, context) => {
      observer.warn(message, context);
    },
  );
  const anchor = new MerkleAnchor({
    ...{ pool, databaseUrl, store, origin, checkpointMs, signers, witnesses, anchors, observer },
    salts: (tenantId) => keys.auditSalts(tenantId),
    identity: () => identityByHistory(pool, origin),
    otherKeepers: topic ? [topic.anchor] : [],
    announce: (head, note) => topic?.announcements.announce(head, note),
    keyReceipts: openKeyReceipts({ pool, origin, store, keys }),
  });
  told.watch(anchor, pool, checkpointMs);
  return {
    ...{ anchor, logger, metrics, warnings },
    isReady: async () => {
      const { standing } = anchor;
      if (standing.state === 'stopped') throw new Error(standing.message);
      if (standing.state === 'starting')
        throw new Error(operatorsWords(anchor.lastFailure, 'the log has not been opened yet'));
      await pool.query('select from billing.audit_lease');
    },
    close: async () => {
      witnesses.close();
      await topic?.announcements.close();
      await topic?.anchor.close();
      await pool.end();
    },
  };
};

/** Where there is Kafka, each checkpoint is told to a topic too. */
const openTopic = (
  { kafka: settings, audit: { origin } }: Configuration,
  identity: () => Promise<LogIdentity>,
  warn: (message: string, context: Record<string, unknown>) => void,
): { anchor: TopicAnchor; announcements: Announcements } | undefined => {
  if (!settings) return undefined;
  const kafka = openKafka({ settings, clientId: 'billing-merkle-anchor', warn });
  const isOurs = async (note: string): Promise<boolean> => isSigned(note, await identity());
  const anchor = new TopicAnchor({ kafka, settings, origin, owner: randomUUID(), isOurs });
  return { anchor, announcements: new Announcements(anchor, warn) };
};

const isSigned = (note: string, identity: LogIdentity): boolean => {
  try {
    openCheckpoint(note, identity);
    return true;
  } catch (error) {
    if (error instanceof SignatureRefused) return false;
    throw error;
  }
};
