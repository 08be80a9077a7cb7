import { KeyUseDenied } from './errors.js';

/** What a tenant's keys are for. These words are a storage format and part of every encryption context. */
export type KeyPurpose = 'personal' | 'token' | 'index' | 'dead_letter';

/** What the platform's own keys are for. These words, too, are a storage format and part of every encryption context. */
export type PlatformPurpose = 'inbox' | 'webhook_secret';

/** What an app can do with keys: seal or open values of a purpose, or compute the keyed index. */
export type KeyCapability =
  | 'personal:seal'
  | 'personal:open'
  | 'token:seal'
  | 'token:open'
  | 'index:mac'
  | 'dead-letter:seal'
  | 'dead-letter:open'
  | 'inbox:seal'
  | 'inbox:open'
  | 'webhook-secret:seal'
  | 'webhook-secret:open';

/** The apps that hold keys at all or are named here to hold none. `operator` is whoever works with the command line. */
export type KeyUser =
  | 'api'
  | 'command-worker'
  | 'gateway'
  | 'privacy'
  | 'webhook-ingest'
  | 'merkle-anchor'
  | 'relay'
  | 'projector'
  | 'operator';

const commandSide: readonly KeyCapability[] = ['personal:seal', 'personal:open', 'token:seal', 'index:mac'];

/** Which app may do what, in one place. An app takes processor tokens in; only the gateway reads them out again. */
export const whoMayDecrypt: Readonly<Record<KeyUser, readonly KeyCapability[]>> = {
  api: commandSide,
  // What it could not read it puts away unread; an operator looks at it.
  'command-worker': [...commandSide, 'dead-letter:seal'],
  operator: ['dead-letter:open', 'webhook-secret:seal'],
  // Reconciliation puts events that were never delivered into the inbox, and never looks into it.
  gateway: ['personal:seal', 'personal:open', 'token:seal', 'token:open', 'inbox:seal'],
  privacy: ['personal:seal', 'personal:open'],
  // Outside of production it stores the first secret itself; nothing of a tenant.
  'webhook-ingest': ['inbox:seal', 'inbox:open', 'webhook-secret:seal', 'webhook-secret:open'],
  'merkle-anchor': [],
  relay: [],
  projector: [],
};

/** Throws KeyUseDenied unless the table lists `capability` for `app`. */
export const assertMayUse = (app: KeyUser, capability: KeyCapability): void => {
  if (!whoMayDecrypt[app].includes(capability)) throw new KeyUseDenied(app, capability);
};
