import type { Environment, PlatformKeys, PostgresProcessorSecrets, SecretName } from '#keys';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';

import { openSecret } from './open-secret.js';

export interface FirstSecretsParts {
  environment: Environment;
  stripe: Pick<Configuration['stripe'], 'webhookSecret' | 'connectWebhookSecret'>;
  store: PostgresProcessorSecrets;
  keys: PlatformKeys;
  logger: Logger;
}

/**
 * Stores the secrets that the environment names, each as the first of its endpoint; what is stored already counts. Production names
 * none there, see readConfiguration.
 */
export const storeFirstSecrets = async ({
  environment,
  stripe,
  store,
  keys,
  logger,
}: FirstSecretsParts): Promise<void> => {
  for (const [variable, account, secret] of [
    ['STRIPE_WEBHOOK_SECRET', '', stripe.webhookSecret],
    ['STRIPE_CONNECT_WEBHOOK_SECRET', 'connect', stripe.connectWebhookSecret],
  ] as const) {
    if (secret === undefined) continue;
    const name: SecretName = { processor: 'stripe', account, environment, kind: 'webhook' };
    const ciphertext = await keys.sealWebhookSecret({ ...name, version: 1 }, secret);
    if (await store.addFirst(name, ciphertext)) continue;
    const valid = (await store.valid(name, new Date())).filter((each) => each.account === account);
    const opened = await Promise.all(valid.map((each) => openSecret(keys, each)));
    if (!opened.includes(secret))
      logger.warn(
        { variable },
        'another secret is stored for this endpoint, and counts: billing secrets set changes it',
      );
  }
};
