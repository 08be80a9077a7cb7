import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { awsEnvironment } from '../kms/keys.js';

export interface EmulatedBuckets {
  /** Acts as the administrator of the account. */
  admin: S3Client;
  /** Makes a bucket, with Object Lock or without. */
  make(bucket: string, options?: { lock: boolean }): Promise<string>;
}

/** Buckets at an emulator, which takes any credentials. */
export const openBuckets = (endpoint: string): EmulatedBuckets => {
  Object.assign(process.env, awsEnvironment);
  const admin = new S3Client({ endpoint, region: awsEnvironment.AWS_REGION, forcePathStyle: true, maxAttempts: 1 });
  return {
    admin,
    make: async (bucket, { lock } = { lock: false }) => {
      await admin.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: lock }));
      return bucket;
    },
  };
};
