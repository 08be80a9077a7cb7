import { createPublicKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { UnwrapRefused } from '../errors.js';
import type { EncryptionContext, KeyManagement, SignatureAlgorithm } from '../key-management.js';

export interface ContractOptions {
  /** The key management under test; one for all tests. */
  open: () => KeyManagement;
  /** Names of signing keys that it has, by how they sign. */
  signingKeys: Partial<Record<SignatureAlgorithm, string>>;
  /** Whether it wraps, refuses and makes MACs as a KMS does: a stand-in that only signs does not. */
  wraps?: boolean;
  /**
   * How many bytes at the end of a wrapped key are sealed themselves; all by default. What a stand-in says to a change before those is
   * its own.
   */
  sealedBytes?: number;
  /** Of each property. */
  runs?: number;
}

const tenant: EncryptionContext = {
  tenantId: '11111111-1111-4111-8111-111111111111',
  purpose: 'token',
  environment: 'test',
};
const others: readonly (readonly [string, EncryptionContext])[] = [
  ['tenant', { ...tenant, tenantId: '22222222-2222-4222-8222-222222222222' }],
  ['purpose', { ...tenant, purpose: 'personal' }],
  ['environment', { ...tenant, environment: 'development' }],
  ['kind of owner', { processor: tenant.tenantId, purpose: 'token', environment: 'test' }],
];
const message = Buffer.from('a tree head');

/** What every adapter of the port does, written once. */
export const itManagesKeys = ({
  open,
  signingKeys,
  wraps = true,
  sealedBytes = Infinity,
  runs = 100,
}: ContractOptions) => {
  if (wraps) itWraps(open, sealedBytes, runs);
  if (wraps) itMakesMacs(open);
  itSigns(open, signingKeys);
};

const itWraps = (open: () => KeyManagement, sealedBytes: number, runs: number): void => {
  it('makes data keys of 32 bytes, each another, and unwraps what it wrapped', async () => {
    const [one, other] = [await open().generateDataKey(tenant), await open().generateDataKey(tenant)];
    expect(one.plaintext).toHaveLength(32);
    expect(one.wrapped.includes(one.plaintext)).toBe(false);
    expect(one.plaintext.equals(other.plaintext)).toBe(false);
    expect(await open().decrypt(one.wrapped, tenant)).toEqual(one.plaintext);
  });

  it('makes data keys that nobody sees, each another, and unwraps them for who may open them', async () => {
    const wrapped = [
      await open().generateDataKeyWithoutPlaintext(tenant),
      await open().generateDataKeyWithoutPlaintext(tenant),
    ];
    const keys = await Promise.all(wrapped.map((each) => open().decrypt(each, tenant)));
    expect(keys.map(({ length }) => length)).toEqual([32, 32]);
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(2);
    for (const [, other] of others)
      await expect(open().decrypt(wrapped[0] ?? Buffer.alloc(0), other)).rejects.toThrow(UnwrapRefused);
  });

  it('gives bytes that may be zeroed without harm to anything else', async () => {
    const { plaintext, wrapped } = await open().generateDataKey(tenant);
    const kept = Buffer.from(plaintext);
    plaintext.fill(0);
    (await open().decrypt(wrapped, tenant)).fill(0);
    expect(await open().decrypt(wrapped, tenant)).toEqual(kept);
  });

  it.each([1, 32, 4_096])('encrypts %d bytes', async (length) => {
    const plaintext = Buffer.alloc(length, 7);
    expect(await open().decrypt(await open().encrypt(plaintext, tenant), tenant)).toEqual(plaintext);
  });

  it('refuses to encrypt more than 4,096 bytes', async () => {
    await expect(open().encrypt(Buffer.alloc(4_097), tenant)).rejects.toThrow(RangeError);
  });

  it('takes the order of the context as it comes', async () => {
    const { plaintext, wrapped } = await open().generateDataKey(tenant);
    const { purpose, environment } = tenant;
    const turned = { environment, purpose, tenantId: '11111111-1111-4111-8111-111111111111' };
    expect(await open().decrypt(wrapped, turned)).toEqual(plaintext);
  });

  it.each(others)('refuses to unwrap, and to wrap anew, under another %s', async (_, other) => {
    const { wrapped } = await open().generateDataKey(tenant);
    await expect(open().decrypt(wrapped, other)).rejects.toThrow(UnwrapRefused);
    await expect(open().reEncrypt(wrapped, other)).rejects.toThrow(UnwrapRefused);
  });

  it('refuses a wrapped key with any bit changed', async () => {
    const { wrapped } = await open().generateDataKey(tenant);
    const from = Math.max(0, wrapped.length - sealedBytes);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: from * 8, max: wrapped.length * 8 - 1 }), async (bit) => {
        const changed = Buffer.from(wrapped);
        changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        await expect(open().decrypt(changed, tenant)).rejects.toThrow(UnwrapRefused);
      }),
      { numRuns: runs },
    );
  });

  it('refuses a wrapped key that is cut short, made longer, empty or much too long', async () => {
    const { wrapped } = await open().generateDataKey(tenant);
    for (const wrong of [
      wrapped.subarray(0, -1),
      Buffer.concat([wrapped, Buffer.alloc(1)]),
      Buffer.alloc(0),
      Buffer.alloc(10_000),
    ])
      await expect(open().decrypt(wrong, tenant)).rejects.toThrow(UnwrapRefused);
  });

  it('wraps anew what it wrapped, to other bytes that open to the same', async () => {
    const { plaintext, wrapped } = await open().generateDataKey(tenant);
    const anew = await open().reEncrypt(wrapped, tenant);
    expect(anew.equals(wrapped)).toBe(false);
    expect(await open().decrypt(anew, tenant)).toEqual(plaintext);
    expect(await open().decrypt(wrapped, tenant)).toEqual(plaintext);
  });

  it('proves of what it wrapped that it opens, and of nothing else, and shows nothing', async () => {
    const { wrapped } = await open().generateDataKey(tenant);
    expect(await open().proveOpens(wrapped, tenant)).toBeUndefined();
    for (const [, other] of others) await expect(open().proveOpens(wrapped, other)).rejects.toThrow(UnwrapRefused);
    await expect(open().proveOpens(Buffer.alloc(0), tenant)).rejects.toThrow(UnwrapRefused);
  });

  it('opens what it wrapped before its master key was rotated', async () => {
    const { plaintext, wrapped } = await open().generateDataKey(tenant);
    const rotations = await open().masterKeyRotations();
    await open().rotateMasterKey();
    expect(await open().masterKeyRotations()).toBe(rotations + 1);
    expect(await open().decrypt(wrapped, tenant)).toEqual(plaintext);
    expect(await open().decrypt(await open().reEncrypt(wrapped, tenant), tenant)).toEqual(plaintext);
    const next = await open().generateDataKey(tenant);
    expect(await open().decrypt(next.wrapped, tenant)).toEqual(next.plaintext);
  });
};

const itMakesMacs = (open: () => KeyManagement): void => {
  it('gives the same MAC of 32 bytes for the same name and data, and another for any other', async () => {
    const mac = async (name: string, data: string) => (await open().mac(name, Buffer.from(data))).toString('hex');
    const given = await mac('audit-salt', 'a');
    expect(given).toMatch(/^[0-9a-f]{64}$/);
    expect(await mac('audit-salt', 'a')).toBe(given);
    expect(new Set([given, await mac('audit-salt', 'b'), await mac('audit', '-salta')]).size).toBe(3);
  });
};

const itSigns = (open: () => KeyManagement, signingKeys: ContractOptions['signingKeys']): void => {
  const named = Object.entries(signingKeys) as [SignatureAlgorithm, string][];
  it.each(named)('signs with %s, so that the public key verifies the message and no other', async (algorithm, name) => {
    const shown = await open().signingKey(name);
    expect(shown.algorithm).toBe(algorithm);
    const key = createPublicKey({ key: shown.publicKey, format: 'der', type: 'spki' });
    const digest = algorithm === 'ed25519' ? null : 'sha256';
    const signature = await open().sign(name, message);
    expect(verify(digest, message, key, signature)).toBe(true);
    expect(verify(digest, Buffer.from('another'), key, signature)).toBe(false);
    expect(await open().signingKey(name)).toEqual(shown);
  });

  it.each(named)('refuses to sign more than 4,096 bytes with %s', async (_, name) => {
    await expect(open().sign(name, Buffer.alloc(4_097))).rejects.toThrow(RangeError);
  });
};
