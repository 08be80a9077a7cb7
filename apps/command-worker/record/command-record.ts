import type { SignedCommand } from '#access/producers';
import { producerNameForm } from '#access/producers';
import { isTenantId } from '#access/tenancy';
import { holdsCardNumber } from '#platform/logging';
import type { KafkaMessage } from 'kafkajs';

/** A record of billing.commands.v1, and where it stands. */
export interface IncomingRecord {
  partition: number;
  message: KafkaMessage;
  /** When it was fetched, by the clock of `performance.now()`. */
  cameMs: number;
}

/** A command as its record tells it; nothing of it is proved. */
export interface CommandRecord extends SignedCommand {
  traceparent: string | undefined;
}

/** The record is not of the form that commands have. `reason` is the code of its dead letter. */
export class RecordMalformed extends Error {
  constructor(
    readonly reason: 'header_missing' | 'header_invalid' | 'key_mismatch' | 'raw_card_data',
    message: string,
  ) {
    super(message);
  }
}

const printable = /^[\x21-\x7e]+$/;
const traceparentForm = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The headers that a command must have, and what each looks like. Tenants are in lower case: there is one spelling of an id. */
const required: Record<string, (value: string) => boolean> = {
  ce_specversion: (value) => value === '1.0',
  ce_id: (value) => value.length <= 255 && printable.test(value),
  ce_source: (value) => producerNameForm.test(value),
  ce_type: (value) => /^[A-Za-z][A-Za-z0-9.]{0,63}$/.test(value),
  ce_schemaversion: (value) => /^[1-9]\d{0,3}$/.test(value),
  ce_tenantid: (value) => isTenantId(value) && value === value.toLowerCase(),
  ce_time: (value) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value),
  'content-type': (value) => /^application\/json(; ?charset=utf-8)?$/i.test(value),
  ce_signature: (value) => printable.test(value),
};

/**
 * Reads a record as a command: CloudEvents 1.0 in binary mode (Kafka binding), its key the tenant's id. Throws RecordMalformed naming
 * the header.
 */
export const readCommand = ({ message, cameMs }: IncomingRecord): CommandRecord => {
  const headers = Object.fromEntries(
    Object.keys(required).map((name) => [name, requiredHeader(message, name)]),
  ) as Record<string, string>;
  const tenantId = headers.ce_tenantid ?? '';
  if (message.key?.toString() !== tenantId)
    throw new RecordMalformed('key_mismatch', "the key of the record must be the tenant's id, as ce_tenantid says it");
  const traceparent = header(message, 'traceparent');
  return {
    messageId: headers.ce_id ?? '',
    producer: headers.ce_source ?? '',
    type: headers.ce_type ?? '',
    schemaVersion: headers.ce_schemaversion ?? '',
    tenantId,
    signature: headers.ce_signature ?? '',
    subject: header(message, 'ce_subject'),
    onBehalfOf: header(message, 'ce_onbehalfof'),
    body: message.value ?? Buffer.alloc(0),
    cameMs,
    traceparent: traceparent !== undefined && isTraceparent(traceparent) ? traceparent : undefined,
  };
};

/** Of random digits in hexadecimal a few are decimal by chance and look like a card number: those go without their trace. */
const isTraceparent = (text: string): boolean => traceparentForm.test(text) && !holdsCardNumber(text);

const requiredHeader = (message: KafkaMessage, name: string): string => {
  const value = header(message, name);
  if (value === undefined) throw new RecordMalformed('header_missing', `the header ${name} is missing`);
  if (!required[name]?.(value)) throw new RecordMalformed('header_invalid', `the header ${name} has a wrong form`);
  return value;
};

/** A header's text. Throws RecordMalformed for one that is there twice: readers would take the one or the other. */
const header = ({ headers }: KafkaMessage, name: string): string | undefined => {
  const value = headers?.[name];
  if (Array.isArray(value)) throw new RecordMalformed('header_invalid', `the header ${name} is there twice`);
  return value?.toString();
};

/** What a record says of itself, for people who look for it: short printable texts, and nothing where it says anything else. */
export const claimsOf = ({
  message: { headers },
}: IncomingRecord): Record<'producer' | 'tenant' | 'messageId' | 'type' | 'subject', string | undefined> => {
  const claim = (name: string, maxLength: number): string | undefined => {
    const text = headers?.[name]?.toString() ?? '';
    return text.length <= maxLength && printable.test(text) ? text : undefined;
  };
  return {
    producer: claim('ce_source', 63),
    tenant: claim('ce_tenantid', 36),
    messageId: claim('ce_id', 255),
    type: claim('ce_type', 64),
    subject: claim('ce_subject', 64),
  };
};
