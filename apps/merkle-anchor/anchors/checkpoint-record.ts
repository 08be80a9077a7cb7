import type { TreeHead } from '#audit';
import type { KafkaMessage, Message } from 'kafkajs';

/** What a record of billing.checkpoints.v1 is called. A published name. */
const type = 'CheckpointAnchored';

/**
 * The record of a checkpoint: CloudEvents 1.0 in binary mode, keyed by the origin, the signed note as it is published for its value. Published
 * twice it has the same `ce_id`.
 */
export const checkpointRecord = (origin: string, { size, root }: TreeHead, note: string): Message => ({
  key: origin,
  value: note,
  headers: {
    ce_specversion: '1.0',
    ce_id: `${String(size)}:${Buffer.from(root).toString('hex')}`,
    ce_source: '/billing-service',
    ce_type: type,
    ce_subject: String(size),
    ce_time: new Date().toISOString(),
    'content-type': 'text/plain; charset=utf-8',
  },
});

/** The note in a record of our log. Undefined for what another wrote there, or about another log. */
export const noteOf = (origin: string, { key, value, headers }: KafkaMessage): string | undefined => {
  const isOurs = key?.toString() === origin && String(headers?.ce_type) === type;
  return isOurs && value ? value.toString('utf8') : undefined;
};
