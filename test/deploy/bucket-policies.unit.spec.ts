import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import type { AuditBucket, BucketPolicy, BucketUser } from './bucket-policies.js';
import { auditBuckets, bucketUseOf, policyOfBucket, whoUsesBuckets } from './bucket-policies.js';
import type { Policy } from './iam-policies.js';

const folder = new URL('../../deploy/iam/buckets/', import.meta.url);
const users = Object.keys(whoUsesBuckets) as BucketUser[];
const read = <T>(name: string): T => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as T;
const listOf = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

const wanted: readonly (readonly [string, object])[] = [
  ...users.map((user) => [user, bucketUseOf(user)] as const),
  ...auditBuckets.map((bucket) => [`bucket-${bucket}`, policyOfBucket(bucket)] as const),
];

/** Who may do something with a bucket or with the files in it, as their policies have it. */
const whoMay = (action: string, bucket: AuditBucket): string[] => {
  const name = `arn:aws:s3:::AUDIT_${bucket.toUpperCase()}_BUCKET`;
  return users
    .filter((user) =>
      read<Policy>(user).Statement.some(
        ({ Effect, Action, Resource }) =>
          Effect === 'Allow' && listOf(Action).includes(action) && [name, `${name}/*`].includes(Resource),
      ),
    )
    .sort();
};

describe('the policies of the buckets', () => {
  it.each(wanted)('%s is what the table says (WRITE_IAM_POLICIES=1 writes it)', async (name, policy) => {
    const path = new URL(`${name}.json`, folder);
    const text = await format(JSON.stringify(policy, null, 2), { parser: 'json', printWidth: 120 });
    if (process.env.WRITE_IAM_POLICIES) writeFileSync(path, text);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('are no more than these', () => {
    expect(readdirSync(folder).sort()).toEqual(wanted.map(([name]) => `${name}.json`).sort());
  });

  it('let the anchor alone write the log and the anchors, and the retention alone write the archive', () => {
    for (const action of ['s3:PutObject', 's3:PutObjectRetention']) {
      expect(whoMay(action, 'anchors')).toEqual(['merkle-anchor']);
      expect(whoMay(action, 'archive')).toEqual(['retention']);
    }
    expect(whoMay('s3:PutObject', 'log')).toEqual(['merkle-anchor']);
  });

  it('let the api read the log and nothing else', () => {
    const given = read<Policy>('api').Statement.flatMap(({ Action }) => listOf(Action));
    expect(given.sort()).toEqual(['s3:GetObject', 's3:ListBucket']);
    expect(auditBuckets.filter((bucket) => whoMay('s3:GetObject', bucket).includes('api'))).toEqual(['log']);
  });

  it('let nobody delete, forget versions, or lift a lock', () => {
    const given = users.flatMap((user) => read<Policy>(user).Statement.flatMap(({ Action }) => listOf(Action)));
    expect(given.filter((action) => /Delete|Bypass|Lifecycle|Versioning|LegalHold|Policy|\*/.test(action))).toEqual([]);
  });

  it.each(auditBuckets)('of the bucket itself (%s) deny everybody to delete and to replace', (bucket) => {
    const { Statement } = read<BucketPolicy>(`bucket-${bucket}`);
    expect(Statement.map(({ Effect, Principal }) => [Effect, Principal])).toEqual(Statement.map(() => ['Deny', '*']));
    const denied = Statement.flatMap(({ Action }) => listOf(Action));
    expect(denied).toEqual(expect.arrayContaining(['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:PutObject']));
    const replacing = Statement.find(({ Sid }) => Sid === 'NothingIsReplaced');
    expect(replacing?.NotResource).toEqual(
      bucket === 'log'
        ? ['arn:aws:s3:::AUDIT_LOG_BUCKET/*checkpoint', 'arn:aws:s3:::AUDIT_LOG_BUCKET/*vkey']
        : undefined,
    );
  });
});
