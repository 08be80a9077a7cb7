import { commandTypes } from '#command-handling';

import type { Schema } from './schema.js';
import { instant, open, published, text, uuid } from './schema.js';

/** Headers and bodies that no type of the code describes whole: what the edges to Kafka write and read. */

const header = (schema: Schema, description: string): Schema => ({ type: 'string', ...schema, description });
const number = (description: string): Schema => header({ pattern: '^(0|[1-9][0-9]{0,15})$' }, description);
const command = { type: 'string', 'x-extensible-enum': Object.keys(commandTypes) } satisfies Schema;
const position = {
  type: 'string',
  pattern: '^([0-9]|1[0-5]):[0-9]{1,16}$',
  description: 'Place in the log, `shard:position`.',
} satisfies Schema;

const cloudEvent = (type: Schema, source: Schema): Record<string, Schema> => ({
  ce_specversion: header({ enum: ['1.0'] }, 'CloudEvents 1.0, binary mode of its Kafka binding.'),
  ce_id: header(text, 'Id of the message.'),
  ce_source: source,
  ce_type: type,
  ce_time: header(instant, 'RFC 3339.'),
  'content-type': header({ enum: ['application/json'] }, 'Of the value.'),
  ce_tenantid: header(uuid, 'The tenant.'),
});
const withoutTenant = ({ ce_tenantid: _, ...rest }: Record<string, Schema>): Record<string, Schema> => rest;
const ours = header({ enum: ['/billing-service'] }, 'This service.');
const traceparent = header({ pattern: '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' }, 'W3C trace context.');

const eventHeaders = published('headers:event:v1', 'EventHeaders', {
  description: 'Headers of a record of billing.events.v1. The key is the stream id, the partition is the shard.',
  ...open(
    {
      ...cloudEvent(header(text, 'Type of the event. New types come: skip those you do not know.'), ours),
      ce_id: header(uuid, 'Id of the event: drop what you have seen.'),
      ce_time: header(instant, 'When it was recorded, RFC 3339 with microseconds.'),
      ce_subject: header(text, 'Stream id: the aggregate and its id, such as payment-3f1d2c4b-....'),
      ce_schemaversion: number('Version of the schema of the data, from 1.'),
      ce_shard: number('Shard of the tenant, 0 to 15; equals the partition.'),
      ce_position: number(
        'Place in the shard, from 1, without gaps. Drop positions you have seen; a gap means records are missing.',
      ),
      ce_epoch: number('Lease of the relay that sent the record; grows with every change of owner.'),
      ce_streamversion: number('Place in the stream, from 1, without gaps.'),
      ce_correlationid: header(uuid, 'The command that began the story.'),
      ce_causationid: header(uuid, 'The command that appended this event: `commandId` of its result.'),
      ce_actortype: header({ 'x-extensible-enum': ['person', 'service', 'system'] }, 'Kind of who caused it.'),
      ce_actorsubject: header(text, 'Who caused it: a subject of a token or the name of a producer.'),
      traceparent,
    },
    ['traceparent'],
  ),
});

const commandHeaders = published('headers:command:v1', 'CommandHeaders', {
  description: 'Headers of a record of billing.commands.v1. The key is the tenant id.',
  ...open(
    {
      ...cloudEvent(
        header({ enum: Object.keys(commandTypes) }, 'Type of the command.'),
        header({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' }, 'Name of the producer, as it was registered.'),
      ),
      ce_id: header(
        { pattern: '^[!-~]{1,255}$' },
        'Message id, printable ASCII, and the idempotency key: the same id and body again changes nothing.',
      ),
      ce_schemaversion: header({ enum: ['1'] }, 'Version of the schema of the body.'),
      ce_subject: header(
        uuid,
        'The customer (AttachPaymentMethod), dispute (SubmitDisputeEvidence) or payment that the command is about. Absent where it creates one.',
      ),
      ce_signature: header(
        { pattern: '^[\\w-]+\\.[\\w-]+\\.[\\w-]+$' },
        'Compact JWS (RFC 7515), ES256 or EdDSA, by the registered key `kid`, `typ` billing-command+jwt. Claims: `iss` producer, `jti` message id, `cmd` type, `ver` 1, ' +
          '`sub` subject where there is one, `tenant`, `bsh` base64url of the SHA-256 of the value, `obh` base64url of the SHA-256 of the on-behalf-of token where there is one, ' +
          "`iat` and `exp`. Judged at the broker's append time; at most 24 hours old.",
      ),
      ce_onbehalfof: header(text, "A person's access token, for what a service may not do by itself: refunds."),
      traceparent,
    },
    ['ce_subject', 'ce_onbehalfof', 'traceparent'],
  ),
});

const resultTypes = ['CommandAccepted', 'CommandRejected', 'CommandDuplicate'];
const resultHeaders = published('headers:command-result:v1', 'CommandResultHeaders', {
  description: 'Headers of a record of billing.command-results.v1. The key is the command id.',
  ...open(
    {
      ...cloudEvent(header({ enum: resultTypes }, 'What became of the command.'), ours),
      ce_subject: header(text, 'Message id of the command.'),
      ce_producer: header(text, 'Name of the producer that sent the command.'),
      traceparent,
    },
    ['traceparent'],
  ),
});

const result = published('command-result:v1', 'CommandResult', {
  description: 'What became of a command. A result can come more than once; the first one counts.',
  ...open(
    {
      messageId: { ...text, description: 'Id of the message that carried the command.' },
      commandId: { ...uuid, description: '`causationId` of the events that the command led to.' },
      type: { ...command, description: 'Type of the command.' },
      outcome: {
        type: 'string',
        enum: ['accepted', 'rejected', 'duplicate'],
        description: '`duplicate`: the same message came before; what is answered is what became of that one.',
      },
      resource: {
        ...open({
          type: {
            type: 'string',
            'x-extensible-enum': ['customer', 'payment_method', 'setup_intent', 'payment', 'refund'],
          },
          id: uuid,
        }),
        description: 'What the command created or changed.',
      },
      version: { type: 'integer', minimum: 0, description: 'Version of the stream after the command.' },
      position: { ...position, description: 'Read no earlier than this: `Billing-Min-Position` of a GET.' },
      settled: {
        type: 'boolean',
        description: 'Whether the processor has spoken. False: the outcome comes as an event.',
      },
      error: {
        ...open({ code: { ...text, description: 'Stable; the codes of the HTTP API.' }, detail: text, field: text }, [
          'field',
        ]),
        description: 'Why it was rejected, or what the processor did not do.',
      },
    },
    ['resource', 'version', 'position', 'settled', 'error'],
  ),
  examples: [
    {
      messageId: 'order-1042-charge',
      commandId: '9f0a1b2c-3d4e-5f60-8172-8394a5b6c777',
      type: 'CreatePayment',
      outcome: 'accepted',
      resource: { type: 'payment', id: '3f1d2c4b-9e8a-5b7c-8d6e-1a2b3c4d5e33' },
      version: 3,
      position: '7:1042',
      settled: true,
    },
    {
      messageId: 'order-1042-refund',
      commandId: '1a2b3c4d-5e6f-5a7b-8c9d-0e1f2a3b4c88',
      type: 'RefundPayment',
      outcome: 'rejected',
      error: { code: 'refund_exceeds_captured', detail: 'more would be returned than was taken', field: 'amount' },
    },
  ],
});

const letterHeaders = published('headers:command-dead-letter:v1', 'CommandDeadLetterHeaders', {
  description:
    'Headers of a record of billing.dead-letters.v1 about a record that was no command. The key is `commands:PARTITION`.',
  ...open({
    ...withoutTenant(cloudEvent(header({ enum: ['CommandDeadLettered'] }, 'What happened.'), ours)),
    ce_id: header(text, 'The same for a letter that is published again: drop what you have seen.'),
  }),
});

const letter = published('command-dead-letter:v1', 'CommandDeadLetter', {
  description:
    'A record of billing.commands.v1 that was malformed or not allowed, and changed nothing. What it says of itself is not proved. Its signature and token are ' +
    'dropped; of a record that holds what looks like a card number only the place and the reason are told.',
  ...open(
    {
      source: { type: 'string', enum: ['commands'], description: 'The kind of topic that it came from.' },
      partition: { type: 'integer', minimum: 0 },
      offset: { type: 'string', pattern: '^[0-9]{1,19}$', description: 'Offset in that partition.' },
      appendedAt: { ...instant, description: 'When the broker had stored the record.' },
      reason: { ...text, description: 'A stable word for what was wrong, such as signature_invalid.' },
      detail: { type: 'string', description: 'The same for people. Quotes nothing of the record but names of fields.' },
      producer: { ...text, description: 'As it was claimed.' },
      tenant: { ...text, description: 'As it was claimed.' },
      messageId: { ...text, description: 'As it was claimed.' },
      type: { ...text, description: 'Type of the command, as it was claimed.' },
      sealedBody: { ...text, description: 'The body, sealed under a key of the tenant that was named.' },
    },
    ['producer', 'tenant', 'messageId', 'type', 'sealedBody'],
  ),
  examples: [
    {
      source: 'commands',
      partition: 3,
      offset: '1042',
      appendedAt: '2026-11-21T10:00:00.123Z',
      reason: 'signature_invalid',
      detail: 'the signature does not verify',
      producer: 'shop',
      tenant: '11111111-1111-4111-8111-111111111111',
      messageId: 'order-1042-charge',
      type: 'CreatePayment',
    },
  ],
});

const checkpointHeaders = published('headers:checkpoint:v1', 'AuditCheckpointHeaders', {
  description:
    'Headers of a record of billing.checkpoints.v1. The key is the origin of the log: its name, the first line of each checkpoint.',
  ...open({
    ...withoutTenant(cloudEvent(header({ enum: ['CheckpointAnchored'] }, 'What the record is.'), ours)),
    ce_id: header(
      { pattern: '^(0|[1-9][0-9]{0,15}):[0-9a-f]{64}$' },
      '`size:root`, root in hex: the same for a checkpoint that is published again. One size with two roots is a fork: tell everybody.',
    ),
    ce_subject: number('Size: how many events the checkpoint covers.'),
    'content-type': header({ enum: ['text/plain; charset=utf-8'] }, 'Of the value.'),
  }),
});

const checkpoint = published('checkpoint:v1', 'AuditCheckpoint', {
  type: 'string',
  pattern:
    '^[^\\n]+\\n(0|[1-9][0-9]{0,15})\\n[A-Za-z0-9+/]{43}=\\n([^\\n]+\\n)*\\n(\u2014 [^ \\n]+ [A-Za-z0-9+/=]+\\n)+$',
  description:
    'A checkpoint of the audit log as it is published: a signed note of https://c2sp.org/tlog-checkpoint, with the signatures of the log and of its witnesses. ' +
    'Believe none before its signature verifies with the vkey of the log; each must extend the one before.',
  examples: [
    'audit.example.com/billing\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n' +
      '\u2014 audit.example.com/billing Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n',
  ],
});

/** The schemas of headers and of what is no event and no command, by file name. */
export const messageSchemas = {
  'headers/event.v1.json': eventHeaders,
  'headers/command.v1.json': commandHeaders,
  'headers/command-result.v1.json': resultHeaders,
  'headers/command-dead-letter.v1.json': letterHeaders,
  'headers/checkpoint.v1.json': checkpointHeaders,
  'command-result.v1.json': result,
  'command-dead-letter.v1.json': letter,
  'checkpoint.v1.json': checkpoint,
} as const satisfies Record<string, Schema>;
