/**
 * `POST /sandbox/events`: an event about an object that the sandbox does not keep (a mandate, an invoice, an account of Financial
 * Connections), or a thin one, which only names its object.
 */
import type { ServerOptions } from './exchange.js';
import { matchesType } from '../state/event-types.js';
import { assertNames, isRecord, wrongField } from '../wire/json.js';

const TYPE = /^[a-z0-9_]+(\.[a-z0-9_[\]]+)+$/;
const ACCOUNT = /^acct_[0-9A-Za-z]+$/;

const textIn = (body: Record<string, unknown>, field: string, pattern: RegExp): string => {
  const value = body[field];
  if (typeof value === 'string' && value.length <= 200 && pattern.test(value)) return value;
  throw wrongField(field, `${field} must be text that matches ${String(pattern)}.`);
};

/**
 * Records the event and gives its id. `{"type":"mandate.updated","object":{...},"previous":{...},"account":"acct_..."}`; with
 * `"thin":true` and `"related":{"id","type","url"}` instead of `object` for a thin one. Throws a 400 StripeError that names the field.
 */
export const recordGivenEvent = ({ executor }: ServerOptions, body: unknown): { id: string } => {
  if (!isRecord(body)) throw wrongField('body', 'The body must be a JSON object.');
  assertNames(body, ['type', 'object', 'previous', 'account', 'thin', 'related'], '');
  const type = textIn(body, 'type', TYPE);
  const account = body.account === undefined ? undefined : textIn(body, 'account', ACCOUNT);
  const { object, previous, related, thin = false } = body;
  if (typeof thin !== 'boolean') throw wrongField('thin', 'thin must be a boolean.');
  if (thin !== matchesType('v2.*', type))
    throw wrongField('type', 'Thin events are those of types that begin with v2.');
  const subject = thin ? related : object;
  if (!isRecord(subject)) throw wrongField(thin ? 'related' : 'object', 'What the event is about must be an object.');
  if (previous !== undefined && !isRecord(previous)) throw wrongField('previous', 'previous must be an object.');
  return { id: executor.change(account, (work) => work.givenEvent(type, subject, previous)) };
};
