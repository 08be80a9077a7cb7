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

/** The purpose that stands in a context where something is wrapped only to prove that it opens. No policy lets anybody open it. */
export const proofPurpose = 'proof';

/** A data key: `plaintext` is 32 bytes to use and zero, `wrapped` is what may be stored. */
export interface GeneratedDataKey {
  plaintext: Buffer;
  wrapped: Buffer;
}

/** How a signing key signs. `ed25519`: RFC 8032, over the message itself. `ecdsa-p256`: with SHA-256, signature in ASN.1 DER. */
export type SignatureAlgorithm = 'ed25519' | 'ecdsa-p256';

/** What a signing key of the service shows to everybody. */
export interface SigningKey {
  algorithm: SignatureAlgorithm;
  /** SubjectPublicKeyInfo (RFC 5280), DER. */
  publicKey: Buffer;
}

/**
 * The port to a key management service. Master keys never leave it. Every method rejects with KeyManagementUnavailable where the service
 * cannot be reached, is slow, throttles or has its key disabled: nothing is lost, and it may be tried again.
 */
export interface KeyManagement {
  /** A new random 256-bit data key, in clear and wrapped under the master key and `context`. */
  generateDataKey(context: EncryptionContext): Promise<GeneratedDataKey>;
  /** A new random 256-bit data key, wrapped as `generateDataKey` wraps it, and nobody sees it: for whoever makes keys that others use. */
  generateDataKeyWithoutPlaintext(context: EncryptionContext): Promise<Buffer>;
  /** Wraps at most 4,096 bytes under the master key and `context`. */
  encrypt(plaintext: Buffer, context: EncryptionContext): Promise<Buffer>;
  /** Unwraps what was generated or encrypted here under an equal context. Throws UnwrapRefused for anything else. */
  decrypt(wrapped: Buffer, context: EncryptionContext): Promise<Buffer>;
  /** The same, wrapped anew under the newest master key, without being seen here. Throws UnwrapRefused as `decrypt` does. */
  reEncrypt(wrapped: Buffer, context: EncryptionContext): Promise<Buffer>;
  /** Whether it would unwrap, without showing what: throws UnwrapRefused where `decrypt` would. */
  proveOpens(wrapped: Buffer, context: EncryptionContext): Promise<void>;
  /** HMAC-SHA256 (32 bytes) of `data` under the named MAC key, which never leaves the service. */
  mac(keyName: string, data: Buffer): Promise<Buffer>;
  /** Signs `message` (at most 4,096 bytes) with the named signing key, which never leaves the service. */
  sign(keyName: string, message: Buffer): Promise<Buffer>;
  /** What the named signing key shows to everybody. */
  signingKey(keyName: string): Promise<SigningKey>;
  /** Asks for new key material for the master key, which may take a while to be there; what was wrapped before still opens. */
  rotateMasterKey(): Promise<void>;
  /** How often new material has been made for the master key and is in use. */
  masterKeyRotations(): Promise<number>;
}

/** The context as bytes: JSON of its members sorted by name, so that equal contexts are equal bytes. */
export const canonicalContext = (context: EncryptionContext): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
