import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import type { Retention } from '../object-store.js';
import { ObjectStoreUnfit } from '../unfit.js';
import { s3FaultOf } from './s3-fault.js';
import type { S3Line } from './s3-line.js';

/** What a write asks for, so that nobody, not the account's root, deletes its version or lets it go sooner. */
export const lockFor = ({
  years,
}: Retention): Pick<PutObjectCommandInput, 'ObjectLockMode' | 'ObjectLockRetainUntilDate'> => {
  const until = new Date();
  until.setUTCFullYear(until.getUTCFullYear() + years);
  return { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until };
};

/** Rejects with ObjectStoreUnfit for a bucket without Object Lock: what it keeps, it would also forget. */
export const assertObjectLock = async (client: S3Client, line: S3Line, Bucket: string): Promise<void> => {
  const enabled = await line.call({ work: 'use', where: `s3://${Bucket}` }, async (inTime) => {
    try {
      const answer = await inTime(0, (abortSignal) =>
        client.send(new GetObjectLockConfigurationCommand({ Bucket }), { abortSignal }),
      );
      return answer.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
    } catch (error) {
      if (s3FaultOf(error).name === 'ObjectLockConfigurationNotFoundError') return false;
      throw error;
    }
  });
  if (!enabled)
    throw new ObjectStoreUnfit(
      `the bucket ${Bucket} has no Object Lock, so that what is kept there could be deleted; name a bucket that was made with it`,
    );
};
