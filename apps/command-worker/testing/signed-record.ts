import { createHash, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { CompactSign } from 'jose';
import type { IHeaders, Message } from 'kafkajs';

/** A producer of the tests, with the private key it signs with. */
export interface Signer {
  name: string;
  kid: string;
  algorithm: 'ES256' | 'EdDSA';
  privateKey: KeyObject;
}

/** What a test sends; whatever it leaves out is as it should be. */
export interface Wanted {
  type?: string;
  tenantId: string;
  messageId?: string;
  subject?: string;
  body?: unknown;
  onBehalfOf?: string;
  /** Over those that the signature should have. */
  claims?: Record<string, unknown>;
  /** Over those of the signature's own header. */
  jose?: Record<string, unknown>;
  /** Over those of the record, after it was signed; undefined leaves one out. */
  headers?: Record<string, string | string[] | undefined>;
  /** The record's value, after it was signed. */
  value?: Buffer;
  key?: string;
  traceparent?: string;
}

export const sha256 = (value: Buffer | string): string => createHash('sha256').update(value).digest('base64url');

/** A body as bytes: JSON, or what the test gives. */
export const bytesOf = (body: unknown): Buffer => (Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)));

/** The record that a producer would publish, or what an attacker would make of it. */
export const signedRecord = async (signer: Signer, wanted: Wanted): Promise<Message & { messageId: string }> => {
  const { type = 'CreateCustomer', tenantId, messageId = randomUUID(), subject, body = {}, onBehalfOf } = wanted;
  const bytes = bytesOf(body);
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: signer.name,
    jti: messageId,
    cmd: type,
    ver: 1,
    ...(subject !== undefined && { sub: subject }),
    tenant: tenantId,
    bsh: sha256(bytes),
    ...(onBehalfOf !== undefined && { obh: sha256(onBehalfOf) }),
    iat: now,
    exp: now + 600,
    ...wanted.claims,
  };
  const signature = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: signer.algorithm, kid: signer.kid, typ: 'billing-command+jwt', ...wanted.jose })
    .sign(signer.privateKey);
  const headers: IHeaders = {
    ce_specversion: '1.0',
    ce_id: messageId,
    ce_source: signer.name,
    ce_type: type,
    ce_schemaversion: '1',
    ce_subject: subject,
    ce_tenantid: tenantId,
    ce_time: new Date().toISOString(),
    'content-type': 'application/json',
    ce_signature: signature,
    ce_onbehalfof: onBehalfOf,
    traceparent: wanted.traceparent,
    ...wanted.headers,
  };
  for (const [name, value] of Object.entries(headers)) if (value === undefined) Reflect.deleteProperty(headers, name);
  return { key: wanted.key ?? tenantId, value: wanted.value ?? bytes, headers, messageId };
};
