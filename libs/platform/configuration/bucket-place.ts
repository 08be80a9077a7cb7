/** A place in an object store: `s3://bucket/prefix`. */
export interface BucketPlace {
  bucket: string;
  /** '' for the whole bucket; otherwise it ends with a slash. */
  prefix: string;
}

const bucketForm = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const prefixForm = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/|$))*$/;
/** A key has 1,024 bytes, and 800 of them are for paths. */
const maxPrefixBytes = 200;

/** The place that `s3://bucket/prefix` names, its last slash there or not; undefined where the text is no such name. */
export const bucketPlaceOf = (text: string): BucketPlace | undefined => {
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(text) ?? [];
  if (!bucketForm.test(bucket) || !prefixForm.test(rest) || rest.length > maxPrefixBytes) return undefined;
  return { bucket, prefix: rest === '' || rest.endsWith('/') ? rest : `${rest}/` };
};
