import { isIPv6 } from 'node:net';

/**
 * The network that an address is counted with: an IPv4 address alone, of IPv6 the first 64 bits, which is what one subscriber has
 * (RFC 6177). `::ffff:a.b.c.d` is the IPv4 address a.b.c.d. What is no address is a network of its own.
 */
export const networkOf = (address: string): string => {
  if (!isIPv6(address)) return address;
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  // A dotted end takes the place of two groups.
  const missing = 8 - before.length - after.length - (address.includes('.') ? 1 : 0);
  const groups = [...before, ...(tail === undefined ? [] : Array.from({ length: missing }, () => '0')), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
};
