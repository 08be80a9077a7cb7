import { startBackgroundApp } from '#platform/background-app';
import { readConfiguration } from '#platform/configuration';

import { MerkleAnchorModule } from './merkle-anchor.module.js';
import { openMerkleAnchorParts } from './merkle-anchor.parts.js';

/** Runs the anchor: event table to Merkle tree to signed checkpoints. Throws ConfigurationError for a missing or wrong setting. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const configuration = readConfiguration(environment);
  const parts = await openMerkleAnchorParts(configuration);
  return startBackgroundApp(configuration, parts, MerkleAnchorModule.with(parts));
};
