import { createHmac } from 'node:crypto';
import { join } from 'node:path';

import { DirectoryStore } from '#object-store';
import type { Pool } from 'pg';

import { signerOf } from '#audit/testing';
import type { MerkleAnchorOptions } from '../anchor.js';
import { ObjectStoreAnchor } from '../anchors/index.js';
import type { AuditSalts } from '../sealing/leaves.js';
import { SilentObserver } from './silent-observer.js';

export const origin = 'test.example/audit';
export const testSigner = signerOf(origin, 7);

/** Salts as the keys of tenants would give them. */
export const testSalts: AuditSalts = (tenantId) =>
  Promise.resolve((eventId: string) => createHmac('sha256', `key of ${tenantId}`).update(eventId).digest());

export const storePathIn = (directory: string): string => join(directory, 'log');
export const anchorPathIn = (directory: string): string => join(directory, 'anchor');

/** What an anchor of a test is made of: a store and an anchor in `directory`, no witnesses, ten checkpoints a second. */
export const anchorOptions = (pool: Pool, databaseUrl: string, directory: string): MerkleAnchorOptions => ({
  pool,
  databaseUrl,
  store: new DirectoryStore(storePathIn(directory)),
  salts: testSalts,
  origin,
  signers: { current: () => Promise.resolve([testSigner]) },
  witnesses: { cosign: (note) => Promise.resolve(note) },
  anchors: [new ObjectStoreAnchor(new DirectoryStore(anchorPathIn(directory)))],
  announce: () => undefined,
  keyReceipts: { published: () => Promise.resolve() },
  checkpointMs: 100,
  renewMs: 100,
  observer: new SilentObserver(),
});
