/** The tables of the sandbox's books, version by version: books that an earlier release has made are brought up to date. */
import type { DatabaseSync } from 'node:sqlite';

const versions = [
  `
  create table if not exists object (id text primary key, body text not null) without rowid;
  create table if not exists link (owner text, id text, primary key (owner, id)) without rowid;
  create table if not exists event (
    id text primary key, type text not null, kind text not null, created integer not null, request_id text,
    idempotency_key text, previous_attributes text, record text not null) without rowid;
  create index if not exists event_by_type on event (type, id);
  create table if not exists answer (
    id integer primary key, key text not null unique, at integer not null, fingerprint text not null,
    request_id text not null, status integer not null, body text not null);
  create table if not exists due (at_ms integer, id text, primary key (at_ms, id)) without rowid;
  create table if not exists balance (
    currency text, available_on integer, source_type text, amount integer not null,
    primary key (currency, available_on, source_type)) without rowid;
`,
  // Connected accounts have books of their own ('' is the platform), and events are delivered.
  `
  alter table event add column account text;
  alter table balance rename to platform_balance;
  create table balance (
    account text, currency text, available_on integer, source_type text, amount integer not null,
    primary key (account, currency, available_on, source_type)) without rowid;
  insert into balance select '', currency, available_on, source_type, amount from platform_balance;
  drop table platform_balance;
  create table delivery (
    id integer primary key, event text not null, endpoint text not null, state text not null, attempts integer not null,
    due_ms integer, http_status integer, error text);
  create index delivery_due on delivery (due_ms, id) where due_ms is not null;
  create index delivery_by_event on delivery (event, endpoint);
`,
  // Keys that are no longer good, by the SHA-256 of their text.
  'create table revoked_key (digest text primary key) without rowid;',
];

/** Makes the tables, or brings those of an earlier release up to date. Throws for books of a later one. */
export const upgrade = (db: DatabaseSync): void => {
  const { user_version: found } = db.prepare('pragma user_version').get() as { user_version: number };
  if (found > versions.length) throw new Error('The books are those of a later release.');
  for (const [index, sql] of versions.entries()) {
    if (index < found) continue;
    db.exec(`begin; ${sql} pragma user_version = ${String(index + 1)}; commit;`);
  }
};
