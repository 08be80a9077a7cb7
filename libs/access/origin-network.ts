import { isIP } from 'node:net';

/**
 * The network of an address: the first 24 bits of an IPv4 address, 48 of an IPv6 one, as a CIDR. It says from where, and names no
 * machine of a person. undefined for what is no address.
 */
export const originNetworkOf = (address: string): string | undefined => {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address.replace(/%.*$/, '');
  const kind = isIP(plain);
  if (kind === 4) return `${plain.split('.', 3).join('.')}.0/24`;
  return kind === 6 ? `${firstGroups(plain).join(':')}::/48` : undefined;
};

/** The first three groups of an IPv6 address, in their shortest form. */
const firstGroups = (address: string): string[] => {
  // The part before `::` has the first groups; what it leaves out is zero. Without `::` all eight are there.
  const [head = '', tail] = address.toLowerCase().split('::', 2);
  const groups = head === '' ? [] : head.split(':');
  const known = tail === undefined ? groups : [...groups, ...zeros(groups.length, tail)];
  return known.slice(0, 3).map((group) => parseInt(group, 16).toString(16));
};

const zeros = (before: number, tail: string): string[] => {
  const after = tail === '' ? [] : tail.split(':');
  // An IPv4 address at the end is two groups.
  const length = after.length + (after.at(-1)?.includes('.') ? 1 : 0);
  return [...Array.from({ length: 8 - before - length }, () => '0'), ...after];
};
