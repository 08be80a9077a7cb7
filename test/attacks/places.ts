import type { NamedAction } from '#access';

import type { Document, Operation, Schema } from '../../apps/api/testing/document.js';
import type { Sample } from './world.js';

/** Somewhere in a request where a caller's string goes, and the request around it. */
export interface Place {
  action: NamedAction;
  method: string;
  /** Such as `query limit`. */
  name: string;
  in: 'path' | 'query' | 'header' | 'body';
  field: string;
  schema: Schema;
  /** A value that is good there. */
  original: string;
  sample: Sample;
}

/** What a request with `hostile` at a place is: its path and query, its headers, its body. */
export interface Request {
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

/** Ids that nothing has. */
const nobody = '99999999-9999-4999-8999-999999999999';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Every place of an action's route, as the OpenAPI document has it: its path, its filters, its headers, its body's fields. */
export const placesOf = (document: Document, action: NamedAction, sample: Sample): Place[] => {
  const [method = '', path = ''] = (action.route ?? '').split(' ');
  const operation = document.paths[path.replace(':id', '{id}')]?.[method.toLowerCase()];
  if (!operation) throw new Error(`${action.route} is not in the OpenAPI document`);
  const common = { action, method, sample };
  const parameters = operation.parameters.map(({ name, in: at, schema }) => ({
    ...common,
    ...{ name: `${at} ${name}`, in: at as Place['in'], field: name, schema },
    original: originalOf(name, schema, sample),
  }));
  const fields = Object.entries(bodyOf(document, operation)).map(([field, schema]) => ({
    ...common,
    ...{ name: `body ${field}`, in: 'body' as const, field, schema },
    original: originalOf(field, schema, sample),
  }));
  return [...parameters, ...fields];
};

const bodyOf = (document: Document, { requestBody }: Operation): Record<string, Schema> => {
  const reference = (requestBody?.content['application/json']?.schema.$ref ?? '') as string;
  return document.components.schemas[reference.split('/').at(-1) ?? '']?.properties ?? {};
};

const originalOf = (field: string, schema: Schema, { id, body }: Sample): string => {
  const given = (body as Record<string, unknown> | undefined)?.[field];
  if (typeof given === 'string' || typeof given === 'number') return String(given);
  if (field === 'id') return id ?? nobody;
  if (Array.isArray(schema.enum)) return String(schema.enum[0]);
  if (schema.format === 'uuid') return nobody;
  if (schema.format === 'date-time') return '2026-11-01T00:00:00Z';
  return (
    { after: '0:0', 'Billing-Min-Position': '0:0', streamId: `payment-${nobody}`, types: 'Payment*' }[field] ?? '1'
  );
};

/** Whether the document lets such a string stand there; a cursor is only what a list gave out. */
export const mayStandAt = ({ field, schema }: Place, text: string): boolean => {
  if (schema.type !== 'string' || field === 'cursor' || schema.format === 'date-time' || schema.format === 'email')
    return false;
  if (schema.format === 'uuid') return uuid.test(text);
  if (Array.isArray(schema.enum)) return schema.enum.includes(text);
  const {
    minLength = 0,
    maxLength = Infinity,
    pattern = '',
  } = schema as { minLength?: number; maxLength?: number; pattern?: string };
  return text.length >= minLength && text.length <= maxLength && new RegExp(pattern, 'u').test(text);
};

/** Whether `text` can be sent there at all: a header holds no control characters, and a path no step of its own. */
export const canBeSent = ({ in: at }: Place, text: string): boolean => {
  if (text.trim() === '') return false;
  if (at === 'header') return /^[\x20-\x7e\xa0-\xff]+$/.test(text);
  return at === 'body' || text.isWellFormed();
};

/**
 * The request with `text` at the place. One that would do something asks for things that are not there, so that even a string that is
 * good there changes nothing.
 */
export const requestWith = (place: Place, text: string): Request => {
  const { action, method, sample } = place;
  const writes = method !== 'GET';
  const id = writes && place.in === 'header' ? nobody : (sample.id ?? '');
  const path = (action.route ?? '').split(' ')[1] ?? '';
  const body = writes ? { ...(place.in === 'header' ? withoutThings(sample.body) : sample.body) } : undefined;
  const headers: Record<string, string> = writes
    ? { prefer: 'wait=0', 'idempotency-key': crypto.randomUUID() }
    : { prefer: 'wait=0' };
  return {
    path:
      path.replace(':id', encodeURIComponent(place.in === 'path' ? text : id)) +
      (place.in === 'query' ? `?${place.field}=${encodeURIComponent(text)}` : ''),
    headers: { ...headers, ...(place.in === 'header' && { [place.field.toLowerCase()]: text }) },
    body: place.in === 'body' ? { ...body, [place.field]: text } : body,
  };
};

/** The body with ids that nothing has; empty where there is none in it, which is refused. */
const withoutThings = (body: object = {}): object => {
  const entries = Object.entries(body);
  if (!entries.some(([, value]) => uuid.test(String(value)))) return { [nobody]: true };
  return Object.fromEntries(
    entries.map(([name, value]) => [name, uuid.test(String(value)) ? nobody : (value as unknown)]),
  );
};
