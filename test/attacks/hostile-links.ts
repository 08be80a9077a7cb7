import { randomBytes } from 'node:crypto';

/** A link that is not ours, and what is wrong with it. */
export interface HostileLink {
  name: string;
  token: string;
}

const hex = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');

/** Links that open nothing: `good` with something of it changed, `other` is another session's, `stranger` another tenant's id. */
export const hostileLinks = (good: string, other: string, stranger: string): HostileLink[] => {
  const [mine, its] = [Buffer.from(good, 'base64url'), Buffer.from(other, 'base64url')];
  const joined = (tenant: Buffer, session: Buffer, secret: Buffer): string =>
    Buffer.concat([tenant.subarray(0, 16), session.subarray(16, 32), secret.subarray(32)]).toString('base64url');
  const flipped = Array.from({ length: mine.length }, (_, at) => {
    const copy = Buffer.from(mine);
    copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
    return { name: `byte ${at} changed`, token: copy.toString('base64url') };
  });
  return [
    ...flipped,
    { name: 'the secret of another session', token: joined(mine, mine, its) },
    { name: 'the session of another secret', token: joined(mine, its, mine) },
    { name: 'another tenant', token: Buffer.concat([hex(stranger), mine.subarray(16)]).toString('base64url') },
    { name: 'no secret', token: joined(mine, mine, Buffer.alloc(64)) },
    { name: 'the platform', token: joined(hex('00000000-0000-4000-8000-000000000000'), mine, mine) },
    { name: 'truncated', token: good.slice(0, -1) },
    { name: 'extended', token: `${good}A` },
    { name: 'another spelling', token: `${good.slice(0, -1)}${good.endsWith('B') ? 'C' : 'B'}` },
    { name: 'upper case', token: good.toUpperCase() },
    { name: 'padded', token: `${good}==` },
    { name: 'random', token: randomBytes(64).toString('base64url') },
    { name: 'nothing but a letter', token: 'a' },
  ];
};
