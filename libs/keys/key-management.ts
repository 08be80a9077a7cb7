/** Where a deployment runs, as `BILLING_ENV` says. It is part of every encryption context. */
export type Environment = 'development' | 'test' | 'production';

/** What a wrapped key is bound to: unwrapping under any other context is refused, and the KMS's own log shows it. */
export type EncryptionContext = TenantContext | PlatformContext;

/** Of a tenant's key. */
export interface TenantContext {
  tenantId: string;
  purpose: string;
  environment: Environment;
}

/** Of a key of the platform's own: for a processor, such as `stripe`, and no tenant. */
export interface PlatformContext {
  processor: string;
  purpose: string;
  environment: Environment;
}

/** A data key: `plaintext` is 32 bytes to use and zero, `wrapped` is what may be stored. */
export interface GeneratedDataKey {
  plaintext: Buffer;
  wrapped: Buffer;
}

/** The port to a key management service. Master keys never leave it. */
export interface KeyManagement {
  /** A new random 256-bit data key, in clear and wrapped under the master key and `context`. */
  generateDataKey(context: EncryptionContext): Promise<GeneratedDataKey>;
  /** Unwraps what `generateDataKey` wrapped under an equal context. Throws UnwrapRefused for anything else. */
  decrypt(wrapped: Buffer, context: EncryptionContext): Promise<Buffer>;
  /** HMAC-SHA256 (32 bytes) of `data` under the named MAC key, which never leaves the service. */
  mac(keyName: string, data: Buffer): Promise<Buffer>;
}

/** The context as bytes: JSON of its members sorted by name, so that equal contexts are equal bytes. */
export const canonicalContext = (context: EncryptionContext): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
