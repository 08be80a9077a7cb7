import { join } from 'node:path';

import { developmentIssuer } from '#platform/configuration';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';

import { DevelopmentIssuer } from './development-issuer.js';
import { IssuerKeys, keyFetchObserver, observeKeysAge } from './jwks/index.js';
import type { ServiceRegistrations } from './token-bearer.js';
import { TokenVerifier } from './token-verifier.js';

/** What a verifier needs beside its configuration. */
export interface TokenVerifierParts {
  /** Which services may call, and act for persons. */
  services: ServiceRegistrations;
  logger: Logger;
  metrics: Registry;
}

/**
 * Opens what verifies access tokens by the configured issuer. `issuer` is the development issuer while no other is configured, and
 * never in production.
 */
export const openTokenVerifier = async (
  { auth, environment, dataDirectory }: Pick<Configuration, 'auth' | 'environment' | 'dataDirectory'>,
  { services, logger, metrics }: TokenVerifierParts,
): Promise<{ verifier: TokenVerifier; issuer: DevelopmentIssuer | undefined }> => {
  const { issuer: name, audience, jwksUrl } = auth;
  const named = { issuer: name, audience, services };
  if (environment !== 'production' && name === developmentIssuer) {
    const keyPath = join(dataDirectory, 'development-issuer.json');
    const issuer = await DevelopmentIssuer.open({ environment, keyPath, issuer: name, audience });
    return { verifier: new TokenVerifier({ ...named, keys: issuer.jwks() }), issuer };
  }
  const keys = new IssuerKeys(new URL(jwksUrl), { onFetch: keyFetchObserver(logger, metrics) });
  observeKeysAge(metrics, keys);
  return { verifier: new TokenVerifier({ ...named, keys }), issuer: undefined };
};
