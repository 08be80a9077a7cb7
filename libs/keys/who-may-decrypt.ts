import { KeyUseDenied } from './errors.js';
import type { Environment } from './key-management.js';

/** What a tenant's keys are for. These words are a storage format and part of every encryption context. */
export type KeyPurpose = 'personal' | 'token' | 'index' | 'dead_letter' | 'client_secret' | 'fingerprint' | 'audit';

/**
 * What the platform's own data keys are for. These words, too, are a storage format and part of every encryption context. That of
 * `webhook_secret` opens what earlier releases sealed, and seals nothing any more.
 */
export type PlatformPurpose = 'inbox' | 'webhook_secret';

/** What the KMS itself seals, by the same kind of words. */
export type SecretPurpose = 'webhook_secret' | 'api_key';

/**
 * What an app can do with keys: seal or open values of a purpose, compute the keyed index or the salts of the audit log, sign that log or look
 * at the keys that do.
 */
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
  | 'webhook-secret:open'
  | 'api-key:seal'
  | 'api-key:open'
  | 'client-secret:seal'
  | 'client-secret:open'
  | 'fingerprint:mac'
  | 'audit-salt:mac'
  | 'checkpoint:sign'
  | 'checkpoint:show-key'
  | 'tenant-key:rotate'
  | 'platform-key:rotate'
  | 'master-key:rotate';

/**
 * The apps that hold keys at all or are named here to hold none. `operator` is whoever works with the command line, `key-custodian` whoever
 * rotates the master key with it: what wraps keys anew could wrap them for another purpose, so that one opens nothing.
 */
export type KeyUser =
  | 'api'
  | 'command-worker'
  | 'gateway'
  | 'privacy'
  | 'webhook-ingest'
  | 'merkle-anchor'
  | 'relay'
  | 'projector'
  | 'operator'
  | 'key-custodian';

const commandSide: readonly KeyCapability[] = ['personal:seal', 'personal:open', 'token:seal', 'index:mac'];

/** Which app may do what, in one place. An app takes processor tokens in; only the gateway reads them out again. */
export const whoMayDecrypt: Readonly<Record<KeyUser, readonly KeyCapability[]>> = {
  // A payer's browser finishes an action with a client secret: the api hands it on, and nothing else of the processor's.
  api: [...commandSide, 'client-secret:open', 'audit-salt:mac'],
  // What it could not read it puts away unread; an operator looks at it.
  'command-worker': [...commandSide, 'dead-letter:seal'],
  // An export of the audit log holds the salts, and a key that is to sign it is introduced by who cannot sign with it.
  operator: [
    'dead-letter:open',
    'webhook-secret:seal',
    'api-key:seal',
    'tenant-key:rotate',
    'platform-key:rotate',
    'audit-salt:mac',
    'checkpoint:show-key',
  ],
  // Reconciliation puts events that were never delivered into the inbox, and never looks into it.
  gateway: [
    'personal:seal',
    'personal:open',
    'token:seal',
    'token:open',
    'client-secret:seal',
    'fingerprint:mac',
    'inbox:seal',
    'api-key:seal',
    'api-key:open',
    'tenant-key:rotate',
  ],
  'key-custodian': ['master-key:rotate'],
  privacy: ['personal:seal', 'personal:open'],
  // Nothing of a tenant. It replaces the key of the inbox when that is old.
  'webhook-ingest': ['inbox:seal', 'inbox:open', 'webhook-secret:seal', 'webhook-secret:open', 'platform-key:rotate'],
  // Salts what it seals, and signs it. It opens nothing.
  'merkle-anchor': ['audit-salt:mac', 'checkpoint:sign', 'checkpoint:show-key'],
  relay: [],
  projector: [],
};

/** What of it is for trials alone: outside of production an app stores the secret that its environment names. */
const trialsOnly: Readonly<Partial<Record<KeyUser, readonly KeyCapability[]>>> = {
  gateway: ['api-key:seal'],
  'webhook-ingest': ['webhook-secret:seal'],
};

/** What an app may do in an environment. */
export const capabilitiesIn = (environment: Environment, app: KeyUser): readonly KeyCapability[] =>
  whoMayDecrypt[app].filter(
    (capability) => environment !== 'production' || trialsOnly[app]?.includes(capability) !== true,
  );

/** Throws KeyUseDenied unless the table lists `capability` for `app`. */
export const assertMayUse = (app: KeyUser, capability: KeyCapability): void => {
  if (!whoMayDecrypt[app].includes(capability)) throw new KeyUseDenied(app, capability);
};

/** The same, and in production not for what is for trials alone. */
export const assertMayUseIn = (environment: Environment, app: KeyUser, capability: KeyCapability): void => {
  if (!capabilitiesIn(environment, app).includes(capability)) throw new KeyUseDenied(app, capability);
};
