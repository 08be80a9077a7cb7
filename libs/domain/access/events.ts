/**
 * What the doors of this deployment did: who was turned away, and who was let do what takes a privilege. In the log of the tenant that
 * the caller belongs to, or in the platform's own where nobody knows. Names and fields are a storage format: add optional fields,
 * never rename. No token, no secret, no name and no whole address stands here. `at` is RFC 3339.
 */

/** Through which door: the api, a command on Kafka, the webhook endpoint, the operator's tools. */
export type AccessChannel = 'http' | 'kafka' | 'webhook' | 'cli';

/** The caller as a verified token or signature tells it. */
export interface AccessCaller {
  /** Of an operator's tool: the person who is logged in on that machine. */
  kind: 'person' | 'service';
  /** The issuer's id of the caller, a service's name or SPIFFE id, or `operator:` and the login; at most 200 characters. */
  subject: string;
  roles?: readonly string[];
  /** The service that acted for the person (`act.sub` of RFC 8693). */
  actingParty?: string;
}

/** From where: as much of it as says which network and which machine, and no person's whole address. */
export interface AccessOrigin {
  /** The caller's network: the first 24 bits of an IPv4 address, 48 of an IPv6 one. */
  network?: string;
  /** The SPIFFE id of the client certificate. */
  spiffeId?: string;
  /** Of HTTP: names the request in our logs. */
  requestId?: string;
  /** Of an operator's tool: the name of the machine that it ran on. */
  host?: string;
}

/** Somebody was turned away. What repeats within a minute is one event with a count. */
export interface AccessDenied {
  type: 'AccessDenied';
  channel: AccessChannel;
  /** What was asked for: the name of an action, or `unknown`. */
  action: string;
  /** Why: the stable code that the caller was answered with, or the reason for which its certificate was refused. */
  code: string;
  /** Absent where nothing about the caller was proved. */
  caller?: AccessCaller;
  origin: AccessOrigin;
  /** The tenant that the caller named, where it is another than the one whose log this is. */
  namedTenantId?: string;
  /** Of a record of several that did not all name the same one: the first ten tenants that they named. */
  namedTenantIds?: readonly string[];
  /** How many there were since `firstAt`, this one included. */
  count: number;
  firstAt: string;
  at: string;
}

/** Somebody was let do what takes a privilege. Recorded before it is done; what came of it is told by its own events. */
export interface PrivilegedAccessGranted {
  type: 'PrivilegedAccessGranted';
  channel: AccessChannel;
  action: string;
  caller: AccessCaller;
  origin: AccessOrigin;
  /** The scope or right that the caller had for it, such as `billing:admin`. */
  grant: string;
  /** What it is done to: the id in the path or the command's subject. */
  resource?: string;
  /** Why, in the caller's words: a ticket or a code, in the form of `reasonForm`. */
  reason?: string;
  at: string;
}

export type AccessEvent = AccessDenied | PrivilegedAccessGranted;
