import { UnknownEventType, eventTypesOf } from '#event-store';
import { ConfigurationError, readKafkaSettings } from '#platform/configuration';
import { Command, Option } from 'commander';

import { brokersAreHere } from '../environment.js';
import { openOperator } from '../operator/index.js';
import { recorded } from '../operator/recorded.js';
import { showProgress } from '../progress.js';
import { UsageError, orUsage, refusingUsage } from '../usage.js';
import type { ReplayFormat } from './format.js';
import { formatterOf } from './format.js';
import { KafkaSource } from './kafka-source.js';
import { PostgresSource } from './postgres-source.js';
import { boundOf } from './range.js';
import { ResumeFile } from './resume-file.js';
import type { Replayed } from './run.js';
import { replay } from './run.js';
import type { ReplayQuery, ReplaySource } from './source.js';
import { shardsOf, spanOf } from './source.js';

interface ReplayOptions {
  from?: string;
  to?: string;
  types?: string;
  tenant?: string;
  stream?: string;
  format: ReplayFormat;
  raw?: boolean;
  source: 'postgres' | 'kafka';
  resume?: string;
  quiet?: boolean;
}

/** As a shell reports a process that Ctrl-C ended. */
const exitInterrupted = 130;

const explained = `
Events come shard by shard, in each by position: the same bytes from Postgres and from Kafka. --from and --to take a day (its beginning,
UTC), an RFC 3339 time, or positions (3:42, or 0:7,3:42 for some shards and no other). A time in --to is left out, a position is
the last one. Data is brought to the schema version of this release; --raw leaves it as it was stored. Personal data stays sealed.

Examples:
  billing replay --from 2026-11-01 --to 2026-12-01 --types 'Payment*' --format csv > november.csv
  billing replay --resume events.position >> events.ndjson     (go on where the last run has ended)
`;

/** `billing replay`: the log's events, for analysts. */
export const replayCommand = (environment: NodeJS.ProcessEnv): Command => {
  const command = refusingUsage(new Command('replay'))
    .summary("print the log's events, as NDJSON, CSV or a table")
    .description("Prints the log's events, from Postgres or from Kafka.")
    .option('--from <when>', 'the first event: a day, a time, or positions')
    .option('--to <when>', 'the end: a day or time (left out), or positions (the last ones)')
    .option(
      '--types <list>',
      "only these types, divided by commas; * stands for any letters: 'Payment*,RefundSucceeded'",
    )
    .option('--tenant <id>', "only this tenant's")
    .option('--stream <id>', "only this stream's, such as payment-11111111-...; quick together with --tenant")
    .addOption(
      new Option('--format <format>', 'of what is printed').choices(['ndjson', 'csv', 'table']).default('ndjson'),
    )
    .option('--raw', 'data as it was stored, in the schema version of its time')
    .addOption(new Option('--source <source>', 'where to read').choices(['postgres', 'kafka']).default('postgres'))
    .option('--resume <file>', 'go on where the last run with this file has stopped, and keep the position there')
    .option('--quiet', 'show no progress')
    .addHelpText('after', explained)
    .action((options: ReplayOptions) => orUsage(command, () => run(environment, options)));
  return recorded(command, environment, {
    act: (_, { tenant, stream }) => ({
      ...(typeof tenant === 'string' && { tenantId: tenant, resource: tenant }),
      ...(typeof stream === 'string' && { resource: stream }),
    }),
    as: 'billing_analyst',
    beforeDatabase: ({ source }) => source === 'kafka' && brokersAreHere(environment),
  });
};

const run = async (environment: NodeJS.ProcessEnv, options: ReplayOptions): Promise<void> => {
  const query = queryOf(options);
  const interrupted = new AbortController();
  process.once('SIGINT', () => {
    interrupted.abort(); // a second one ends the process at once
  });
  process.stdout.on('error', () => undefined); // told to whoever writes
  const source = sourceOf(environment, options);
  const isSeen = options.quiet !== true && !(process.stdout.isTTY && process.stderr.isTTY);
  const display = isSeen ? showProgress('positions') : undefined;
  try {
    const replayed = await replay({
      source,
      query,
      formatter: formatterOf(options.format, options.raw === true, process.stdout.columns),
      output: process.stdout,
      progress: display ?? { update: () => undefined },
      resume: options.resume === undefined ? undefined : new ResumeFile(options.resume, identityOf(options)),
      signal: interrupted.signal,
    });
    display?.stop();
    if (replayed.ended === 'interrupted') {
      console.error(`Stopped after ${replayed.events} events. ${howToGoOn(options, query, replayed)}`);
      process.exitCode = exitInterrupted;
    }
  } finally {
    display?.stop();
    await source.close();
  }
};

const sourceOf = (environment: NodeJS.ProcessEnv, { source }: ReplayOptions): ReplaySource => {
  if (source === 'postgres') return new PostgresSource(openOperator(environment, 'billing_analyst'));
  const settings = readKafkaSettings(environment);
  if (!settings) throw new ConfigurationError('KAFKA_BROKERS must name the brokers to replay from Kafka');
  return new KafkaSource(settings);
};

/** Throws UsageError for the first option that means nothing. */
const queryOf = ({ from, to, types, tenant, stream }: ReplayOptions): ReplayQuery => {
  if (tenant !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(tenant))
    throw new UsageError('--tenant names a tenant by its id, a UUID');
  if (stream !== undefined && !/^[\w-]{3,100}$/.test(stream))
    throw new UsageError('--stream names a stream by its id, such as payment-11111111-1111-4111-8111-111111111111');
  const query: ReplayQuery = {
    from: from === undefined ? undefined : boundOf('--from', from),
    to: to === undefined ? undefined : boundOf('--to', to),
    types: types === undefined ? undefined : typesOf(types),
    tenantId: tenant?.toLowerCase(),
    streamId: stream,
  };
  if (query.from?.kind === 'time' && query.to?.kind === 'time' && query.from.micros >= query.to.micros)
    throw new UsageError('--from must lie before --to');
  for (const shard of shardsOf(query)) {
    const { after, upTo } = spanOf(query, shard, new Map());
    if (after > upTo) throw new UsageError(`--from must not lie behind --to, as it does in shard ${shard}`);
  }
  return query;
};

const typesOf = (list: string): ReplayQuery['types'] => {
  try {
    return eventTypesOf(list);
  } catch (error) {
    if (error instanceof UnknownEventType) throw new UsageError(`--types: ${error.message}`);
    throw error;
  }
};

/** What makes two runs the same replay: not the source, which both hold the same, and not how progress is shown. */
const identityOf = ({ from, to, types, tenant, stream, format, raw }: ReplayOptions): string =>
  Object.entries({ from, to, types, tenant, stream, format, raw })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => (value === true ? `--${name}` : `--${name} ${String(value)}`))
    .join(' ');

const howToGoOn = ({ resume }: ReplayOptions, query: ReplayQuery, { positions }: Replayed): string => {
  if (resume !== undefined) return `The same command goes on from there (${resume}).`;
  const reached = [...positions].map(([shard, position]) => `${shard}:${position}`).join(',');
  if (query.from?.kind === 'time')
    return `It had got to ${reached || 'nowhere yet'}; with --resume FILE, the next run goes on.`;
  const next = shardsOf(query).map((shard) => `${shard}:${spanOf(query, shard, positions).after + 1}`);
  return `Go on with --from ${next.join(',')}`;
};
