import { eventPartitions, topics } from '#contracts';

import { headersFor } from './header-samples.js';
import type { Schema } from './schema.js';
import { embedded } from './schema.js';

type Json = Record<string, unknown>;

/** The schemas that the document speaks of, by type and by file name. */
export interface ContractSchemas {
  events: Record<string, Schema>;
  commands: Record<string, Schema>;
  messages: Record<
    | 'headers/event.v1.json'
    | 'headers/command.v1.json'
    | 'headers/command-result.v1.json'
    | 'headers/command-dead-letter.v1.json'
    | 'headers/checkpoint.v1.json'
    | 'command-result.v1.json'
    | 'command-dead-letter.v1.json'
    | 'checkpoint.v1.json',
    Schema
  >;
}

const description = `Commands in, immutable events out. Messages are CloudEvents 1.0 in the binary mode of its Kafka binding: the attributes are
headers, the value is the data. Amounts are integers of minor units.

A service publishes signed commands, finds what became of each in the results, and reads its tenant's events by \`GET /v1/events\` of the
HTTP API. The topic of events holds the events of all tenants: it is for the company's own services, under an ACL. Readers skip types that they do not
know and ignore fields that they do not know. The client library does all of this.`;

const ref = (kind: string, name: string): Json => ({ $ref: `#/components/${kind}/${name}` });

/** The AsyncAPI 3.0 document of everything on Kafka. Operations are those of this service: it receives commands and sends the rest. */
export const asyncApiDocument = ({ events, commands, messages }: ContractSchemas): Json => {
  const names = { events: Object.keys(events), commands: Object.keys(commands) };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'billing-service',
      version: '1',
      description,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    defaultContentType: 'application/json',
    servers,
    channels: channelsOf(names.events, names.commands),
    operations: operationsOf(names.events, names.commands),
    components: {
      messages: {
        ...mapped(commands, (type, schema) => commandMessage(type, schema)),
        ...mapped(events, (type, schema) => eventMessage(type, schema)),
        CommandResult: plainMessage('CommandResult', 'CommandResultHeaders', messages['command-result.v1.json']),
        CommandDeadLetter: plainMessage(
          'CommandDeadLetter',
          'CommandDeadLetterHeaders',
          messages['command-dead-letter.v1.json'],
        ),
        AuditCheckpoint: {
          ...plainMessage('AuditCheckpoint', 'AuditCheckpointHeaders', messages['checkpoint.v1.json']),
          contentType: 'text/plain; charset=utf-8',
        },
      },
      schemas: mapped({ ...commands, ...events, ...byTitle(Object.values(messages)) }, (_, schema) => embedded(schema)),
      securitySchemes: {
        scram: { type: 'scramSha512', description: 'A login of its own for each service.' },
        mutualTls: { type: 'X509', description: "A client's certificate, where the brokers ask for one." },
      },
    },
  };
};

const servers = {
  production: {
    host: '{broker}',
    protocol: 'kafka-secure',
    description: 'TLS 1.3 and SCRAM-SHA-512.',
    variables: { broker: { description: 'A broker of the company.', default: 'kafka.example.com:9094' } },
    security: [ref('securitySchemes', 'scram'), ref('securitySchemes', 'mutualTls')],
  },
  development: { host: 'localhost:9092', protocol: 'kafka', description: 'A broker of your own, plain.' },
};

const mapped = <T>(of: Record<string, Schema>, to: (name: string, schema: Schema) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(of).map(([name, schema]) => [name, to(name, schema)]));

const byTitle = (schemas: Schema[]): Record<string, Schema> =>
  Object.fromEntries(schemas.map((schema): [string, Schema] => [schema.title ?? '', schema]));

const channel = (address: string, title: string, text: string, names: string[], kafka: Json = {}): Json => ({
  address,
  title,
  description: text,
  messages: Object.fromEntries(names.map((name) => [name, ref('messages', name)])),
  bindings: { kafka: { ...kafka, bindingVersion: '0.5.0' } },
});

const day = 86_400_000;
const channelsOf = (events: string[], commands: string[]): Json => ({
  commands: channel(topics.commands, 'Commands', 'Signed commands; only the command worker reads them.', commands, {
    topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': 7 * day },
  }),
  events: channel(
    topics.events,
    'Events',
    'Every event, in the order of its shard. Positions have no gaps; a record can come twice.',
    events,
    { partitions: eventPartitions, topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': -1 } },
  ),
  results: channel(
    topics.results,
    'Results of commands',
    'What became of each command, for the service that sent it: look for your `ce_producer` and your message id.',
    ['CommandResult'],
  ),
  deadLetters: channel(
    topics.deadLetters,
    'Dead letters',
    'Commands that were set aside, with the reason. For operators.',
    ['CommandDeadLetter'],
  ),
  checkpoints: channel(
    topics.checkpoints,
    'Checkpoints of the audit log',
    'Signed tree heads in the order of their sizes, kept for ever: who keeps them can show later that nothing was rewritten. A checkpoint may be left out, and can come twice.',
    ['AuditCheckpoint'],
    { partitions: 1, topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': -1 } },
  ),
});

const operation = (action: 'send' | 'receive', on: string, summary: string, names: string[]): Json => ({
  action,
  channel: { $ref: `#/channels/${on}` },
  summary,
  messages: names.map((name) => ({ $ref: `#/channels/${on}/messages/${name}` })),
});

const operationsOf = (events: string[], commands: string[]): Json => ({
  takeCommands: {
    ...operation('receive', 'commands', 'Takes commands of registered producers.', commands),
    reply: {
      channel: { $ref: '#/channels/results' },
      messages: [{ $ref: '#/channels/results/messages/CommandResult' }],
    },
  },
  publishEvents: operation('send', 'events', 'Publishes every event of the log.', events),
  publishDeadLetters: operation('send', 'deadLetters', 'Tells operators what was set aside.', ['CommandDeadLetter']),
  publishCheckpoints: operation('send', 'checkpoints', 'Publishes checkpoints of the audit log.', ['AuditCheckpoint']),
});

const withHeaders = (headers: string, fixed: Schema): Json => ({ allOf: [ref('schemas', headers), fixed] });

const commandMessage = (type: string, schema: Schema): Json => {
  const headers = headersFor.command(type);
  const required = Object.hasOwn(headers, 'ce_subject') ? ['ce_subject'] : [];
  return {
    name: type,
    title: type,
    summary: schema.description,
    contentType: 'application/json',
    headers: withHeaders('CommandHeaders', { type: 'object', properties: { ce_type: { const: type } }, required }),
    payload: ref('schemas', type),
    bindings: kafkaKey({ type: 'string', format: 'uuid', description: 'The tenant id.' }),
    examples: [{ name: `${type}Example`, headers, payload: schema.examples?.[0] }],
  };
};

const eventMessage = (type: string, schema: Schema): Json => ({
  name: type,
  title: type,
  summary: schema.description,
  contentType: 'application/json',
  headers: withHeaders('EventHeaders', { type: 'object', properties: { ce_type: { const: type } } }),
  payload: ref('schemas', type),
  bindings: kafkaKey({ type: 'string', description: 'The stream id.' }),
  examples: [{ name: `${type}Example`, headers: headersFor.event(type), payload: schema.examples?.[0] }],
});

const plainMessage = (name: string, headers: string, schema: Schema): Json => ({
  name,
  title: name,
  summary: schema.description,
  contentType: 'application/json',
  headers: ref('schemas', headers),
  payload: ref('schemas', name),
  bindings: kafkaKey({ type: 'string' }),
  examples: (schema.examples ?? []).map((payload, index) => ({ name: `${name}Example${index + 1}`, payload })),
});

const kafkaKey = (key: Schema): Json => ({ kafka: { key, bindingVersion: '0.5.0' } });
