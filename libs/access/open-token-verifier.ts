import { join } from 'node:path';

import { developmentIssuer } from '#platform/configuration';
import type { Configuration } from '#platform/configuration';

import { DevelopmentIssuer } from './development-issuer.js';
import { TokenVerifier } from './token-verifier.js';

/**
 * Opens what verifies access tokens by the configured issuer. `issuer` is the development issuer while no other is configured, and
 * never in production.
 */
export const openTokenVerifier = async ({
  auth,
  environment,
  dataDirectory,
}: Pick<Configuration, 'auth' | 'environment' | 'dataDirectory'>): Promise<{
  verifier: TokenVerifier;
  issuer: DevelopmentIssuer | undefined;
}> => {
  const { issuer: name, audience, jwksUrl } = auth;
  const keyPath = join(dataDirectory, 'development-issuer.json');
  const issuer =
    environment === 'production' || name !== developmentIssuer
      ? undefined
      : await DevelopmentIssuer.open({ environment, keyPath, issuer: name, audience });
  return { verifier: new TokenVerifier({ issuer: name, audience, keys: issuer?.jwks() ?? new URL(jwksUrl) }), issuer };
};
