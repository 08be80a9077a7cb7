import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { readOrCreateSecretFile } from '#keys/secret-file';

import { RefusedToStart } from './refusal.js';
import type { StandaloneSettings } from './settings.js';

/** What webhooks are signed with: those of the platform's own endpoint, and those of the Connect endpoint. */
export interface WebhookSecrets {
  platform: string | undefined;
  connect: string | undefined;
}

/**
 * The secrets that the reader gave. Where the sandbox stands in for Stripe it is told one too, so what is left out is random, made
 * once and kept in the data directory (`webhook-secrets.json`, 0600).
 * @throws RefusedToStart when that file cannot be used
 */
export const webhookSecrets = async ({
  sandbox,
  stripe,
  dataDirectory,
}: Pick<StandaloneSettings, 'sandbox' | 'stripe' | 'dataDirectory'>): Promise<WebhookSecrets> => {
  const given = { platform: stripe.webhookSecret, connect: stripe.connectWebhookSecret };
  if (!sandbox) return given;
  const file = join(dataDirectory, 'webhook-secrets.json');
  const made = parsed(await readOrCreateSecretFile(file, newSecrets).catch(refuse));
  if (!made) throw new RefusedToStart(`${file} holds no webhook secrets: move it away, or restore it from a backup`);
  return { platform: given.platform ?? made.platform, connect: given.connect ?? made.connect };
};

const refuse = (error: unknown): never => {
  throw new RefusedToStart((error as Error).message);
};

const newSecrets = (): string => `${JSON.stringify({ platform: newSecret(), connect: newSecret() }, null, 2)}\n`;
const newSecret = (): string => `whsec_${randomBytes(24).toString('base64url')}`;

const parsed = (text: string): { platform: string; connect: string } | undefined => {
  try {
    const { platform, connect } = JSON.parse(text) as { platform?: unknown; connect?: unknown };
    return typeof platform === 'string' && typeof connect === 'string' ? { platform, connect } : undefined;
  } catch {
    return undefined; // the parser's message would quote the file
  }
};
