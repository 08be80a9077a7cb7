import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { KafkaSettings } from '#platform/configuration';
import { ConfigurationError, readKafkaSettings } from '#platform/configuration';
import { openKafka } from '#platform/kafka';
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Admin } from 'kafkajs';

import { recorded } from '../operator/recorded.js';
import { exitUsage, refusingUsage } from '../usage.js';
import type { AclChange } from './acl-changes.js';
import { aclWords, applyAcls, findAcls, planAcls } from './acl-changes.js';
import type { AclsFile } from './acls-file.js';
import { aclEntries, assertAclsFile } from './acls-file.js';
import type { TopicChange } from './topic-changes.js';
import { applyTopics, findTopics, planTopics } from './topic-changes.js';
import type { TopicsFile } from './topics-file.js';
import { assertTopicsFile, readJson } from './topics-file.js';

const settle_limit_ms = 15_000;
const settle_poll_ms = 50;

interface ApplyOptions {
  file: string;
  acls?: string | true;
  prune?: boolean;
  replicationFactor?: number;
  dryRun?: boolean;
  json?: boolean;
}

/** What `billing topics apply` found to do, and did unless it was a dry run. */
export interface Applied {
  topics: TopicChange[];
  acls: AclChange[];
}

/** A file of deploy/kafka, from the sources and from what is built of them. */
const deployed = (name: string): string => {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, 'deploy/kafka', name);
    if (folder === dirname(folder)) throw new Error('package.json is in no folder above this file');
  }
};

const copies = (text: string): number => {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 15) throw new InvalidArgumentError('give a number from 1 to 15');
  return count;
};

/** `billing topics apply`: makes the topics, and who may use them, what the reviewed files say. */
export const topicsCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('topics'))
    .summary('the topics of Kafka, and who may use them')
    .description('The topics of Kafka, and who may use them.')
    .addCommand(
      recorded(applyCommand(environment), environment, {
        act: (_, { dryRun }) => (dryRun === true ? undefined : {}),
        beforeDatabase: () => true, // Kafka's topics are there before anything starts
      }),
    );

const applyCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('apply'))
    .summary('create what is missing and correct what differs; nothing is deleted')
    .description(
      'Makes the topics of KAFKA_BROKERS what the file says: creates what is missing and corrects settings that differ. ' +
        'Never deletes a topic or a record. Log in as an administrator of the cluster (KAFKA_SASL_USERNAME).',
    )
    .addOption(new Option('--file <file>', 'the topics').default(deployed('topics.json'), 'deploy/kafka/topics.json'))
    .option('--acls [file]', 'also give the access that this file lists (deploy/kafka/acls.json if none is named)')
    .option('--prune', 'with --acls: take back access to our topics that the file does not list')
    .option('--replication-factor <copies>', 'for new topics; the file says 3, or as many as there are brokers', copies)
    .option('--dry-run', 'only tell what would be done')
    .option('--json', 'print JSON instead of a table')
    .action(async (options: ApplyOptions, command: Command) => {
      if (options.prune && !options.acls) command.error('error: --prune needs --acls', { exitCode: exitUsage });
      const settings = readKafkaSettings(environment);
      if (!settings) throw new ConfigurationError('KAFKA_BROKERS must name the cluster that is to have the topics');
      const applied = await applyFiles(settings, options);
      process.stdout.write(`${options.json ? JSON.stringify(words(applied)) : told(applied, options)}\n`);
    });

/**
 * Compares the cluster with the files and, unless `dryRun`, makes it so.
 * Throws ConfigurationError for a wrong file and for a change that is refused; then nothing was changed.
 */
export const applyFiles = async (settings: KafkaSettings, options: ApplyOptions): Promise<Applied> => {
  const file = readJson<TopicsFile>(options.file, assertTopicsFile);
  const acls = options.acls
    ? readJson<AclsFile>(options.acls === true ? deployed('acls.json') : options.acls, assertAclsFile)
    : undefined;
  const admin = openKafka({ settings, clientId: 'billing-cli', warn: () => undefined }).admin(); // what fails is thrown
  try {
    await admin.connect().catch((error: unknown) => {
      throw new Error(`KAFKA_BROKERS: cannot connect (${(error as Error).message})`);
    });
    return await compareAndApply(admin, settings.topicPrefix, file, acls, options);
  } finally {
    await admin.disconnect();
  }
};

const compareAndApply = async (
  admin: Admin,
  prefix: string,
  file: TopicsFile,
  acls: AclsFile | undefined,
  { replicationFactor, dryRun = false, prune = false }: ApplyOptions,
): Promise<Applied> => {
  const wanted = acls ? aclEntries(acls, prefix) : [];
  const names = file.topics.map(({ name }) => `${prefix}${name}`);
  const compare = async () => {
    const [{ brokers }, found] = await Promise.all([admin.describeCluster(), findTopics(admin, names)]);
    return {
      topicPlan: planTopics({ file, prefix, brokers: brokers.length, replicationFactor, found }),
      aclPlan: acls ? planAcls(wanted, await findAcls(admin, wanted)) : [],
    };
  };
  const { topicPlan, aclPlan } = await compare();
  const applied: Applied = { topics: topicPlan.flatMap(({ changes }) => changes), acls: aclPlan };
  if (dryRun) return applied;
  await applyTopics(admin, topicPlan);
  await applyAcls(admin, aclPlan, prune);
  // The controller has answered; the brokers hear of it a moment later.
  for (const until = Date.now() + settle_limit_ms; ; await sleep(settle_poll_ms)) {
    const now = await compare();
    const open = [
      ...now.topicPlan.flatMap(({ changes }) => changes.filter(({ action }) => action !== 'by hand')),
      ...now.aclPlan.filter(({ action }) => prune || action === 'add'),
    ];
    if (open.length === 0) return applied;
    if (Date.now() > until) throw new Error(`the brokers have not taken over ${open.length} changes: apply again`);
  }
};

const words = ({ topics, acls }: Applied) => ({
  topics,
  acls: acls.map(({ entry, action }) => ({ entry: aclWords(entry), action })),
});

const told = ({ topics, acls }: Applied, { dryRun = false, prune = false }: ApplyOptions): string => {
  if (topics.length + acls.length === 0) return 'Everything is as the files say.';
  const table = new Table({ head: ['what', 'is', 'wanted', 'action'], style: { head: [], border: [] } });
  for (const { topic, setting, from, to, action } of topics)
    table.push([setting === 'topic' ? topic : `${topic} ${setting}`, from ?? '-', to, action]);
  for (const { entry, action } of acls) {
    const extra = action === 'not in the file';
    table.push([aclWords(entry), extra ? 'yes' : '-', extra ? 'no' : 'yes', extra && prune ? 'take back' : action]);
  }
  return `${table.toString()}\n${dryRun ? 'Nothing was changed (--dry-run).' : 'Done.'}`;
};
