import type { AuditKeyAlgorithm } from './events.js';

/** Has a key sign the log as well. */
export interface IntroduceAuditKey {
  type: 'IntroduceAuditKey';
  name: string;
  keyName: string;
  vkey: string;
  algorithm: AuditKeyAlgorithm;
  at: string;
}

/** Has a key sign no more. */
export interface RetireAuditKey {
  type: 'RetireAuditKey';
  vkey: string;
  /** The keys whose introduction an outsider can already verify: of these a receipt is published. */
  vouched: readonly string[];
  at: string;
}

export type AuditKeyCommand = IntroduceAuditKey | RetireAuditKey;
