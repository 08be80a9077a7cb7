import type { AuditKeys } from '#domain/audit-key';
import { Refusal } from '#domain';
import { boundedLog } from '#audit-log';
import { AuditKeyRegister, readKeyHistory, verifierKeyOf, vouchedKeys } from '#audit-log/keys';
import type { VerifierKey } from '#audit';
import { KeyManagementUnavailable, LogSigning, openKeyManagement } from '#keys';
import { openObjectStore } from '#object-store';
import type { KeyManagementSettings } from '#platform/configuration';

import { openOperator } from '../../operator/index.js';
import { operatorConfiguration } from '../../operator/configuration.js';
import { UsageError } from '../../usage.js';

/** A key of the log as the command line shows it. */
export interface ShownKey {
  keyName: string;
  vkey: string;
  algorithm: string;
  status: 'signs' | 'retired';
  introducedAt: string;
  retiredAt: string | null;
  /** Whether outsiders can verify its introduction: a receipt is published. */
  receipt: boolean;
}

/** The keys of a log, and what may be done about them. */
export interface KeyOffice {
  origin: string;
  kms: KeyManagementSettings;
  register: AuditKeyRegister;
  state(): Promise<AuditKeys>;
  /** The newest first. */
  list(): Promise<ShownKey[]>;
  /** vkeys of whose introduction a receipt is in the store of the log. */
  vouched(): Promise<string[]>;
  /** The public key of a name at the key management. */
  keyOf(keyName: string): Promise<VerifierKey>;
}

/** Works on the keys of the log that the settings name, as the operator. What is refused is told as what to write differently. */
export const withAuditKeys = async (
  given: NodeJS.ProcessEnv,
  work: (office: KeyOffice) => Promise<void>,
): Promise<void> => {
  const { environment, kms, audit } = operatorConfiguration(given);
  const { origin } = audit;
  const pool = openOperator(given, 'billing_operator', { max: 2 });
  const register = new AuditKeyRegister({ pool, origin });
  const store = boundedLog(openObjectStore(audit.log));
  const vouched = async () => vouchedKeys(store, await readKeyHistory(pool, origin), origin);
  try {
    await work({
      ...{ origin, kms, register, vouched, state: () => register.state() },
      list: async () => shown(await register.state(), new Set(await vouched())),
      keyOf: async (keyName) => {
        const opened = await openKeyManagement(kms, environment);
        return verifierKeyOf(new LogSigning({ app: 'operator', kms: opened }), keyName, origin);
      },
    });
  } catch (error) {
    if (error instanceof Refusal) throw new UsageError(error.message);
    if (error instanceof KeyManagementUnavailable)
      throw new Error(`${error.message}; the same command goes on`, { cause: error });
    throw error;
  } finally {
    await pool.end();
  }
};

const shown = ({ keys }: AuditKeys, vouched: ReadonlySet<string>): ShownKey[] =>
  keys
    .map(({ keyName, vkey, algorithm, introducedAt, retiredAt }) => ({
      ...{ keyName, vkey, algorithm, introducedAt, receipt: vouched.has(vkey) },
      ...({ status: retiredAt === undefined ? 'signs' : 'retired', retiredAt: retiredAt ?? null } as const),
    }))
    .reverse();
