import { DisableKeyCommand, EnableKeyCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import type { EncryptionContext, KeyManagement } from '#keys';
import { KeyManagementUnavailable, UnwrapRefused, openKeyManagement } from '#keys';
import { itManagesKeys } from '../../libs/keys/testing/key-management-contract.js';
import { formatCheckpoint, openCheckpoint, signNote } from '#audit';
import { kmsSigner } from '../../apps/merkle-anchor/signers/index.js';
import type { Emulator, EmulatorName } from './emulators.js';
import { describeWith, startEmulator } from './emulators.js';
import type { EmulatedKeys } from './keys.js';
import { makeKeys } from './keys.js';

const context: EncryptionContext = { tenantId: 't', purpose: 'token', environment: 'test' };
/** Ciphertext and tag of a data key; what stands before them names the key, and each stand-in has words of its own for that. */
const sealedBytes = 32;
const runs = 25;

/** Signs a checkpoint with the key named `audit`, and reads it as somebody who has nothing but the public key. */
const signedCheckpoint = async (kms: KeyManagement) => {
  const signer = await kmsSigner(kms, 'audit', 'example.com/log');
  const head = { origin: 'example.com/log', size: 7, root: Buffer.alloc(32, 1), extensions: [] };
  const note = await signNote(formatCheckpoint(head), [signer]);
  const log = { origin: head.origin, keys: [signer.key] };
  expect(() => openCheckpoint(note.replace('\n7\n', '\n8\n'), log)).toThrow('is not one of this text');
  return { type: signer.key.type, size: openCheckpoint(note, log).size };
};

/** The adapter and the keys of an emulator, started once for the tests of one `describe`. */
const stage = (name: EmulatorName, spec: 'ECC_NIST_P256' | 'ECC_NIST_EDWARDS25519') => {
  let emulator: Emulator | undefined;
  const held: { kms?: KeyManagement; keys?: EmulatedKeys } = {};
  beforeAll(async () => {
    emulator = await startEmulator(name);
    held.keys = await makeKeys(emulator.endpoint);
    const signingKey = await held.keys.make(spec, 'SIGN_VERIFY');
    const settings = held.keys.settings({ signingKeyIds: new Map([['audit', signingKey]]) });
    held.kms = await openKeyManagement(settings, 'test');
  }, 60_000);
  afterAll(() => emulator?.close());
  return {
    kms: () => held.kms as KeyManagement,
    keys: () => held.keys as EmulatedKeys,
  };
};

(await describeWith('moto'))('AWS KMS as moto plays it', () => {
  const { kms, keys } = stage('moto', 'ECC_NIST_P256');

  itManagesKeys({ open: kms, signingKeys: { 'ecdsa-p256': 'audit' }, sealedBytes, runs });

  it('signs checkpoints with ECDSA P-256', async () => {
    expect(await signedCheckpoint(kms())).toEqual({ type: 'ecdsa-p256', size: 7 });
  });

  it('says which setting names no key', async () => {
    await expect(kms().sign('other', Buffer.from('x'))).rejects.toThrow("KMS_SIGNING_KEY_ID names no key for 'other'");
    const without = await openKeyManagement(keys().settings({ macKeyId: undefined }), 'test');
    await expect(without.mac('audit', Buffer.from('x'))).rejects.toThrow('KMS_MAC_KEY_ID must name');
    await expect(openKeyManagement(keys().settings({ keyId: undefined }), 'test')).rejects.toThrow(
      'KMS_KEY_ID is required',
    );
  });

  it('refuses to sign with a key of another kind', async () => {
    const rsa = await keys().make('RSA_2048', 'SIGN_VERIFY');
    const other = await openKeyManagement(keys().settings({ signingKeyIds: new Map([['audit', rsa]]) }), 'test');
    await expect(other.sign('audit', Buffer.from('x'))).rejects.toThrow('must be of ECC_NIST_EDWARDS25519');
  });

  it('tells of a key that is not there that somebody has to act', async () => {
    const gone = await openKeyManagement(keys().settings({ keyId: '11111111-1111-4111-8111-111111111111' }), 'test');
    await expect(gone.generateDataKey(context)).rejects.toMatchObject({ trouble: 'denied' });
  });
});

(await describeWith('ministack'))('Ed25519 of AWS KMS as ministack plays it', () => {
  const { kms } = stage('ministack', 'ECC_NIST_EDWARDS25519');
  itManagesKeys({ open: kms, signingKeys: { ed25519: 'audit' }, wraps: false });

  it('signs checkpoints with Ed25519', async () => {
    expect(await signedCheckpoint(kms())).toEqual({ type: 'ed25519', size: 7 });
  });
});

(await describeWith('localemu'))('AWS KMS as LocalEmu plays it', () => {
  const { kms, keys } = stage('localemu', 'ECC_NIST_P256');

  itManagesKeys({ open: kms, signingKeys: { 'ecdsa-p256': 'audit' }, sealedBytes, runs });

  it('refuses what another key of the account wrapped', async () => {
    const other = await openKeyManagement(
      keys().settings({ keyId: await keys().make('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT') }),
      'test',
    );
    const { wrapped } = await other.generateDataKey(context);
    await expect(kms().decrypt(wrapped, context)).rejects.toThrow(UnwrapRefused);
    await expect(kms().reEncrypt(wrapped, context)).rejects.toThrow(UnwrapRefused);
  });

  it('cannot be used while its key is disabled, and can again once it is enabled', async () => {
    const { admin, keyId } = keys();
    const { plaintext, wrapped } = await kms().generateDataKey(context);
    await admin.send(new DisableKeyCommand({ KeyId: keyId }));
    for (const refused of [kms().decrypt(wrapped, context), kms().generateDataKey(context)])
      await expect(refused).rejects.toMatchObject({ trouble: 'disabled' });
    await admin.send(new EnableKeyCommand({ KeyId: keyId }));
    expect(await kms().decrypt(wrapped, context)).toEqual(plaintext);
  });

  it('cannot be used once its key is to be deleted', async () => {
    const keyId = await keys().make('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
    const doomed = await openKeyManagement(keys().settings({ keyId }), 'test');
    const { wrapped } = await doomed.generateDataKey(context);
    await keys().admin.send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }));
    const refusal = await doomed.decrypt(wrapped, context).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(KeyManagementUnavailable);
    expect(refusal).toMatchObject({ trouble: 'pending_deletion' });
  });
});
