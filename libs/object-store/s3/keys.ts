import type { S3Client } from '@aws-sdk/client-s3';
import { ListObjectVersionsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { InTime } from './s3-line.js';

/** Where the next page begins: after a key, and where that has more versions than a page holds, after one of them. */
export interface Marker {
  key: string;
  version?: string;
}

/** Keys in the order of their bytes. One may begin the next page too, when it has versions there. */
export interface KeyPage {
  keys: string[];
  /** Undefined at the end. */
  next: Marker | undefined;
}

export interface KeyRange {
  Bucket: string;
  Prefix: string;
  MaxKeys: number;
}

export type ListKeys = (
  client: S3Client,
  range: KeyRange,
  after: Marker | undefined,
  inTime: InTime,
) => Promise<KeyPage>;

/** The keys that have an object now. */
export const listCurrent: ListKeys = async (client, range, after, inTime) => {
  const command = new ListObjectsV2Command({ ...range, ...(after && { StartAfter: after.key }) });
  const answer = await inTime(0, (abortSignal) => client.send(command, { abortSignal }));
  const keys = (answer.Contents ?? []).map(({ Key = '' }) => Key);
  const last = keys.at(-1);
  return { keys, next: answer.IsTruncated === true && last !== undefined ? { key: last } : undefined };
};

/** The keys that have any version: a delete marker, which Object Lock does not refuse, hides nothing from this list. */
export const listRetained: ListKeys = async (client, range, after, inTime) => {
  const command = new ListObjectVersionsCommand({
    ...range,
    ...(after && { KeyMarker: after.key }),
    ...(after?.version !== undefined && { VersionIdMarker: after.version }),
  });
  const answer = await inTime(0, (abortSignal) => client.send(command, { abortSignal }));
  const keys = [...new Set((answer.Versions ?? []).map(({ Key = '' }) => Key))];
  const { NextKeyMarker: key, NextVersionIdMarker: version } = answer;
  if (answer.IsTruncated !== true || key === undefined) return { keys, next: undefined };
  return { keys, next: version === undefined ? { key } : { key, version } };
};

/** Versions of one key that are looked through. Nobody writes a retained key twice, but for somebody who means to hide what it holds. */
const maxVersionPages = 20;

/** The id of the version that was written first, which no later one and no delete marker hides; undefined when there is none. Throws when there are too many. */
export const firstVersionOf = async (
  client: S3Client,
  { Bucket, Key }: { Bucket: string; Key: string },
  inTime: InTime,
): Promise<string | undefined> => {
  let [KeyMarker, VersionIdMarker, first]: (string | undefined)[] = [];
  for (let page = 0; page < maxVersionPages; page += 1) {
    const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({
      ...{ Bucket, Prefix: Key },
      ...(KeyMarker !== undefined && { KeyMarker }),
      ...(VersionIdMarker !== undefined && { VersionIdMarker }),
    });
    const answer = await inTime(0, (abortSignal) => client.send(command, { abortSignal }));
    // Of one key the newest version comes first, and keys that only begin like this one come after it.
    first = answer.Versions?.findLast((version) => version.Key === Key)?.VersionId ?? first;
    if (answer.IsTruncated !== true || answer.NextKeyMarker !== Key) return first;
    [KeyMarker, VersionIdMarker] = [answer.NextKeyMarker, answer.NextVersionIdMarker];
  }
  throw Object.assign(new Error('the key has thousands of versions'), { name: 'TooManyVersions' });
};
