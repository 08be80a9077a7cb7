import type { Denial, Grant } from '#access';
import { actions, isRole } from '#access';
import { isTenantId } from '#access/tenancy';
import type { AccessCaller, AccessDenied, AccessOrigin, PrivilegedAccessGranted } from '#domain/access';
import { reasonForm } from '#domain/tenant';
import { scrubCardNumbers } from '#platform/logging';

/** A denial as it was counted: times are milliseconds since 1970. */
export interface CountedDenial {
  denial: Denial;
  count: number;
  firstAt: number;
  lastAt: number;
}

/** What a webhook asks for, which is no action of the table. */
export const webhookAction = 'webhooks.receive';

const unknown = 'unknown';
const codeForm = /^[a-z][a-z0-9_]{0,63}$/;
const grantForm = /^[a-z][a-z:_-]{0,63}$/;
const networkForm = /^[0-9a-f.:]{2,39}\/\d{1,3}$/;
const spiffeForm = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]{1,64}){0,8}$/;
const hostForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const requestForm = /^[\w-]{1,64}$/;
/** An id of ours, or one that the processor gave. A path may hold anything: what has another form is not written down. */
const resourceForm = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|acct_[A-Za-z0-9]{1,64})$/;
/** What an operator's tool names: a dead letter, a service, an event of the processor. */
const toolResourceForm = /^[A-Za-z0-9][A-Za-z0-9 ,.:_@/*-]{0,127}$/;
const maxName = 200;
const maxRoles = 8;

/**
 * A denial of which nothing is left that its caller could choose freely: an action of the table, a code of ours, a subject as it was
 * verified and bounded, ids that have the form of ids. What has another form is left out.
 */
export const recordableDenial = ({
  tenantId,
  channel,
  action,
  code,
  caller,
  origin,
  namedTenantId,
}: Denial): Denial => ({
  tenantId,
  channel,
  action: Object.hasOwn(actions, action) || action === webhookAction ? action : unknown,
  code: codeForm.test(code) ? code : unknown,
  ...(caller && { caller: recordableCaller(caller) }),
  origin: recordableOrigin(origin),
  ...(namedTenantId !== undefined && isTenantId(namedTenantId) && { namedTenantId: namedTenantId.toLowerCase() }),
});

/** The event of a counted denial. */
export const deniedEvent = ({ denial, count, firstAt, lastAt }: CountedDenial): AccessDenied => {
  const { tenantId: _, ...told } = denial;
  return { type: 'AccessDenied', ...told, count, firstAt: instantOf(firstAt), at: instantOf(lastAt) };
};

/** The event of a grant, in the bounds of `recordableDenial`. Throws for a scope or an action that is none: those are our own words. */
export const grantedEvent = (given: Grant, at: number): PrivilegedAccessGranted => {
  const { channel, action, caller, origin, grant, resource, reason } = given;
  if (!grantForm.test(grant)) throw new Error('a grant names the scope or the right that was used');
  if (channel !== 'cli' && !Object.hasOwn(actions, action)) throw new Error(`the table has no action ${action}`);
  const form = channel === 'cli' ? toolResourceForm : resourceForm;
  return {
    type: 'PrivilegedAccessGranted',
    channel,
    action,
    caller: recordableCaller(caller),
    origin: recordableOrigin(origin),
    grant,
    ...(resource !== undefined && form.test(resource) && { resource: scrubCardNumbers(resource) }),
    ...(reason !== undefined && reasonForm.test(reason) && { reason: scrubCardNumbers(reason) }),
    at: instantOf(at),
  };
};

const recordableCaller = ({ kind, subject, roles, actingParty }: AccessCaller): AccessCaller => ({
  kind,
  subject: bounded(subject),
  ...(roles && { roles: roles.filter(isRole).slice(0, maxRoles) }),
  ...(actingParty !== undefined && { actingParty: bounded(actingParty) }),
});

const recordableOrigin = ({ network, spiffeId, requestId, host }: AccessOrigin): AccessOrigin => ({
  ...(network !== undefined && networkForm.test(network) && { network }),
  ...(spiffeId !== undefined && spiffeForm.test(spiffeId) && { spiffeId }),
  ...(requestId !== undefined && requestForm.test(requestId) && { requestId }),
  ...(host !== undefined && hostForm.test(host) && { host }),
});

/** An issuer's id, as it was verified: without control characters, which no log should hold, or half of a surrogate pair. */
const bounded = (name: string): string =>
  scrubCardNumbers(
    name
      .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
      .slice(0, maxName)
      .toWellFormed(),
  );

const instantOf = (ms: number): string => new Date(ms).toISOString();
