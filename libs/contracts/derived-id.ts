import { hash } from 'node:crypto';

/**
 * UUID version 5 (RFC 9562, section 5.5): the same namespace and name always give the same id. Both are ours, so the
 * namespace is taken to be a UUID. One digest call and no parsing of parts: ids are derived several times a command, and this is a
 * fifth of the cost of the `uuid` package there.
 */
export const derivedId = (namespace: string, name: string): string => {
  const digest = hash(
    'sha1',
    Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), Buffer.from(name)]),
    'hex',
  );
  const variant = ((parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
};
