import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { KeySpec, KeyUsageType } from '@aws-sdk/client-kms';
import type { AwsKeyManagementSettings } from '../../libs/platform/configuration/index.js';

/** What the SDK finds in the environment of a service. The emulators take any. */
export const awsEnvironment = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_EC2_METADATA_DISABLED: 'true',
};

export interface EmulatedKeys {
  /** Acts as the administrator of the account. */
  admin: KMSClient;
  keyId: string;
  macKeyId: string;
  /** Makes one more key. */
  make(spec: KeySpec, usage: KeyUsageType): Promise<string>;
  settings(changes?: Partial<AwsKeyManagementSettings>): AwsKeyManagementSettings;
}

/** Makes a key that wraps and one for MACs at an emulator. */
export const makeKeys = async (endpoint: string): Promise<EmulatedKeys> => {
  Object.assign(process.env, awsEnvironment);
  const admin = new KMSClient({ endpoint, region: awsEnvironment.AWS_REGION, maxAttempts: 1 });
  const make = async (KeySpec: KeySpec, KeyUsage: KeyUsageType): Promise<string> => {
    const { KeyMetadata } = await admin.send(new CreateKeyCommand({ KeySpec, KeyUsage }));
    if (!KeyMetadata?.KeyId) throw new Error('the emulator made no key');
    return KeyMetadata.KeyId;
  };
  const keyId = await make('SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT');
  const macKeyId = await make('HMAC_256', 'GENERATE_VERIFY_MAC');
  return {
    admin,
    keyId,
    macKeyId,
    make,
    settings: (changes) => ({
      provider: 'aws',
      keyId,
      macKeyId,
      signingKeyIds: new Map(),
      endpoint,
      ca: undefined,
      tryTimeout_ms: 2_000,
      callTimeout_ms: 5_000,
      ...changes,
    }),
  };
};
