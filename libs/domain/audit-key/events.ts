/**
 * The history of the keys that sign the audit log, in the platform's own log: so it is sealed like every event, and whoever trusts the first
 * key can follow it to the newest. One stream for each log. Names and fields are a storage format that readers outside of this service
 * parse: add optional fields, never rename. `at` is RFC 3339.
 */

/** How a key signs: Ed25519 (RFC 8032), or ECDSA over P-256 with SHA-256 (FIPS 186-5). */
export type AuditKeyAlgorithm = 'ed25519' | 'ecdsa-p256';

/** From the first checkpoint on that covers this, the key signs, beside those that were introduced before it and are not retired. */
export interface AuditKeyIntroduced {
  type: 'AuditKeyIntroduced';
  /** The key's name in notes, which is the origin of the log. */
  name: string;
  /** Our name for it at the key management. */
  keyName: string;
  /** The public key, as https://c2sp.org/signed-note writes it. */
  vkey: string;
  algorithm: AuditKeyAlgorithm;
  at: string;
}

/** No checkpoint that covers this is signed with the key. Those that it signed before stay good. */
export interface AuditKeyRetired {
  type: 'AuditKeyRetired';
  vkey: string;
  at: string;
}

export type AuditKeyEvent = AuditKeyIntroduced | AuditKeyRetired;
