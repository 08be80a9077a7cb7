import type { StoredSecret } from '#keys';
import { secretLifeDays } from '#keys';

const dayMs = 86_400_000;

export const isValid = ({ state, retiresAt }: StoredSecret, now: Date): boolean =>
  state === 'valid' && (retiresAt === null || retiresAt > now);

export const ageDays = ({ createdAt }: StoredSecret, now: Date): number =>
  Math.max(0, Math.floor((now.getTime() - createdAt.getTime()) / dayMs));

/** One that is on its way out has been followed already. */
export const isOverdue = (secret: StoredSecret, now: Date): boolean =>
  secret.state === 'valid' && secret.retiresAt === null && ageDays(secret, now) >= secretLifeDays;

/** `retired`: it was followed by another one. `revoked`: an operator ended it. */
export const stateOf = (secret: StoredSecret, now: Date): StoredSecret['state'] | 'retired' | 'revoked' => {
  if (secret.state !== 'valid' || isValid(secret, now)) return secret.state;
  return secret.revokedAt === null ? 'retired' : 'revoked';
};

/** Whose it is: `platform` for our own account or endpoint. */
export const accountOf = ({ account }: Pick<StoredSecret, 'account'>): string =>
  account === '' ? 'platform' : account;

/** For programs; never with the ciphertext. */
export const jsonOf = (secret: StoredSecret, now: Date): Record<string, unknown> => ({
  processor: secret.processor,
  account: accountOf(secret),
  kind: secret.kind,
  environment: secret.environment,
  version: secret.version,
  createdAt: secret.createdAt,
  retiresAt: secret.retiresAt,
  valid: isValid(secret, now),
  state: stateOf(secret, now),
  form: secret.form,
  ageDays: ageDays(secret, now),
  overdue: isOverdue(secret, now),
});

/** What to say where nothing can be sent to the processor; nothing where an API key of an environment is valid. */
export const warningOfNone = (valid: readonly StoredSecret[]): string | undefined =>
  valid.length > 0 ? undefined : 'no API key is valid: calls wait; `billing secrets set --kind api` stores one';
