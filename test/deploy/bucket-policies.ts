/** The policies of deploy/iam/buckets: what each role does with the buckets of the audit log, and what nobody does with them. */
import type { Policy, Statement } from './iam-policies.js';

/** To be filled in, as the README says. Each may be several buckets with these rights, as AUDIT_ANCHORS may name several. */
const buckets = { log: 'AUDIT_LOG_BUCKET', anchors: 'AUDIT_ANCHORS_BUCKET', archive: 'AUDIT_ARCHIVE_BUCKET' } as const;
export type AuditBucket = keyof typeof buckets;

/** `write`: files that are not there yet, and what the bucket's own policy lets be replaced. Nobody deletes. */
type Use = 'read' | 'write';

/** What each role does with each bucket. Roles that are not here do nothing with any. */
export const whoUsesBuckets = {
  api: { log: ['read'] },
  'merkle-anchor': { log: ['read', 'write'], anchors: ['read', 'write'] },
  operator: { log: ['read'], anchors: ['read'] },
  retention: { log: ['read'], archive: ['read', 'write'] },
} as const satisfies Record<string, Partial<Record<AuditBucket, readonly Use[]>>>;
export type BucketUser = keyof typeof whoUsesBuckets;

/** What is written there is under Object Lock. */
const retained: readonly AuditBucket[] = ['anchors', 'archive'];
/** The files of the log that have a next version: all others are written once. */
const replaced = ['checkpoint', 'vkey'];

const arnOf = (bucket: AuditBucket): string => `arn:aws:s3:::${buckets[bucket]}`;
const sidOf = (use: string, bucket: AuditBucket): string => `${use}${bucket[0]?.toUpperCase() ?? ''}${bucket.slice(1)}`;

const allow = (Sid: string, Action: string[], Resource: string): Statement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
});

const statementsFor = (bucket: AuditBucket, uses: readonly Use[]): Statement[] => {
  const locks = retained.includes(bucket);
  const lists = [
    // Without it S3 answers 403 for a file that is not there, and who reads could not tell the two.
    's3:ListBucket',
    ...(locks ? ['s3:ListBucketVersions', 's3:GetBucketObjectLockConfiguration'] : []),
  ];
  const reads = ['s3:GetObject', ...(locks ? ['s3:GetObjectVersion'] : [])];
  const writes = ['s3:PutObject', ...(locks ? ['s3:PutObjectRetention'] : [])];
  return [
    allow(sidOf('List', bucket), lists, arnOf(bucket)),
    allow(sidOf('Read', bucket), reads, `${arnOf(bucket)}/*`),
    ...(uses.includes('write') ? [allow(sidOf('Write', bucket), writes, `${arnOf(bucket)}/*`)] : []),
  ];
};

/** What is attached to a service's role beside its policy for the KMS. */
export const bucketUseOf = (user: BucketUser): Policy => {
  const uses: Partial<Record<AuditBucket, readonly Use[]>> = whoUsesBuckets[user];
  const Statement = (Object.keys(buckets) as AuditBucket[]).flatMap((bucket) =>
    uses[bucket] ? statementsFor(bucket, uses[bucket]) : [],
  );
  return { Version: '2012-10-17', Statement };
};

interface BucketStatement extends Omit<Statement, 'Resource'> {
  Principal: '*';
  Resource?: string | string[];
  NotResource?: string[];
}

export interface BucketPolicy {
  Version: '2012-10-17';
  Statement: BucketStatement[];
}

const deny = (Sid: string, Action: string[], where: Partial<BucketStatement>): BucketStatement => ({
  ...{ Sid, Effect: 'Deny', Principal: '*', Action },
  ...where,
});

/** The policy of the bucket itself, which holds for everybody who can reach it, administrators too, as long as it stands. */
export const policyOfBucket = (bucket: AuditBucket): BucketPolicy => {
  const files = `${arnOf(bucket)}/*`;
  const mayChange = bucket === 'log' ? replaced.map((name) => `${arnOf(bucket)}/*${name}`) : [];
  return {
    Version: '2012-10-17',
    Statement: [
      deny('NothingIsDeleted', ['s3:DeleteObject', 's3:DeleteObjectVersion'], { Resource: files }),
      deny('NothingExpires', ['s3:DeleteBucket', 's3:PutBucketVersioning', 's3:PutLifecycleConfiguration'], {
        Resource: arnOf(bucket),
      }),
      // "Enforce conditional writes on Amazon S3 buckets", user guide of S3: what is there is not written over.
      deny('NothingIsReplaced', ['s3:PutObject'], {
        ...(mayChange.length > 0 ? { NotResource: mayChange } : { Resource: files }),
        Condition: { Null: { 's3:if-none-match': 'true' }, Bool: { 's3:ObjectCreationOperation': 'true' } },
      }),
      ...(retained.includes(bucket)
        ? [
            deny('NothingIsUnlocked', ['s3:PutObject'], {
              Resource: files,
              Condition: { StringNotEquals: { 's3:object-lock-mode': 'COMPLIANCE' } },
            }),
          ]
        : []),
      deny('OnlyOverTls', ['s3:*'], {
        Resource: [arnOf(bucket), files],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    ],
  };
};

export const auditBuckets = Object.keys(buckets) as AuditBucket[];
