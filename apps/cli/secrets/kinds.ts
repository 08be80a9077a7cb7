import type { ApiKeyForm, Environment, PlatformKeys, SecretKind, SecretName } from '#keys';
import { apiKeyForm, mayBeUsedIn } from '#keys';
import { webhookSecretForm } from '#platform/configuration';
import { neededPermissions } from '#processor/stripe/permissions';

import { UsageError } from '../usage.js';

/** What is different about secrets of a kind. */
interface Kind {
  /** What it is called. */
  title: string;
  /** How long the one before stays valid where nothing is said, in hours. */
  overlapHours: number;
  /** The form of an API key. Throws UsageError for what is no such secret, or none of this environment; it does not quote it. */
  formOf(secret: string, environment: Environment): ApiKeyForm | null;
  seal(keys: PlatformKeys, place: SecretName & { version: number }, secret: string): Promise<string>;
}

export const kinds: Readonly<Record<SecretKind, Kind>> = {
  webhook: {
    title: 'webhook secret',
    // As long as Stripe itself lets an old secret live beside a new one.
    overlapHours: 24,
    formOf: (secret) => {
      if (webhookSecretForm.test(secret)) return null;
      throw new UsageError('this is no signing secret of a webhook endpoint: one line, whsec_..., without spaces');
    },
    seal: (keys, place, secret) => keys.sealWebhookSecret(place, secret),
  },
  api: {
    title: 'API key',
    // Running gateways follow within seconds.
    overlapHours: 1,
    formOf: (secret, environment) => {
      const form = apiKeyForm(secret);
      if (!form) throw new UsageError("this is no key of Stripe's API: one line, rk_... or sk_..., without spaces");
      if (mayBeUsedIn(environment, form)) return form;
      throw new UsageError(
        environment === 'production'
          ? 'this is a test key, which charges nobody: production takes live keys alone'
          : `this is a live key, which charges real cards: only production takes it, and BILLING_ENV is ${environment}`,
      );
    },
    seal: (keys, place, secret) => keys.sealApiKey(place, secret),
  },
};

/** What to say of a key that may do everything; nothing of one that is restricted. */
export const recommendationFor = (form: ApiKeyForm | null): string | undefined =>
  form?.startsWith('sk_')
    ? `a secret key (sk_) may do everything with the account. A restricted key (rk_) is enough; it needs: ${neededPermissions.join(', ')}`
    : undefined;
