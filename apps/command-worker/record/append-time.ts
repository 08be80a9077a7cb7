import type { KafkaMessage } from 'kafkajs';

/** The value of kafkajs for records whose time the broker has set. */
const logAppendTime = 1;

/**
 * When the broker stored a record. Undefined where the topic takes the producer's word for the time
 * (`message.timestamp.type` must be LogAppendTime): an expired signature could then be used for ever.
 */
export const appendTimeOf = (message: KafkaMessage): Date | undefined => {
  // kafkajs hands the batch's attributes over without declaring them.
  const { batchContext } = message as { batchContext?: { timestampType?: number } };
  return batchContext?.timestampType === logAppendTime ? timestampOf(message) : undefined;
};

/** The last instant that RFC 3339 can write, in ms. */
const lastInstant = Date.UTC(9_999, 11, 31, 23, 59, 59, 999);

/** The time that stands in the record, whoever has set it; 1970 where it is none. */
export const timestampOf = ({ timestamp }: KafkaMessage): Date => {
  const at = Number(timestamp);
  return new Date(at >= 0 && at <= lastInstant ? at : 0);
};
