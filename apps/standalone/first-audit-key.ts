import type { Environment } from '#keys';
import type { KeyManagementSettings } from '#platform/configuration';
import { openPool } from '#platform/database';

/** The log that is to have a key, and what holds that. */
export interface FirstAuditKey {
  origin: string;
  kms: KeyManagementSettings;
}

/** Of a local keyring, which has a key of every name. */
const keyName = 'audit-1';

/**
 * Has a key of the local keyring sign the audit log, where no key ever has: the trial needs no operator for it. Every later key is an
 * operator's word (billing audit keys rotate). Again it changes nothing. `adminUrl` is of whoever ran the migrations.
 */
export const introduceFirstAuditKey = async (
  adminUrl: string,
  environment: Environment,
  { origin, kms: settings }: FirstAuditKey,
): Promise<void> => {
  // Not before it is needed: the supervisor itself works with no key.
  const [{ AuditKeyRegister, verifierKeyOf }, { LogSigning, openKeyManagement }] = await Promise.all([
    import('#audit-log/keys'),
    import('#keys'),
  ]);
  const pool = openPool({ url: asOperator(adminUrl), app: 'standalone', max: 1 });
  try {
    const register = new AuditKeyRegister({ pool, origin });
    if ((await register.state()).events > 0) return;
    const kms = new LogSigning({ app: 'operator', kms: await openKeyManagement(settings, environment) });
    await register.introduce(await verifierKeyOf(kms, keyName, origin), keyName, new Date().toISOString());
  } finally {
    await pool.end();
  }
};

const asOperator = (adminUrl: string): string => {
  const url = new URL(adminUrl);
  url.searchParams.set(
    'options',
    [url.searchParams.get('options'), '-c role=billing_operator'].filter(Boolean).join(' '),
  );
  return url.href;
};
