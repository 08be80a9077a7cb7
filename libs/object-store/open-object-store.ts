import { ConfigurationError } from '#platform/configuration';
import { DirectoryStore } from './directory/index.js';
import type { ObjectStore, Retention } from './object-store.js';
import { S3Store } from './s3/index.js';

export interface OpenObjectStoreOptions {
  /** For buckets; a folder cannot promise it and ignores it. */
  retention?: Retention;
  /** Whether other users of the machine may read a folder's files, as a web server that publishes them has to; 0600 and 0700 by default. */
  published?: boolean;
}

const bucketForm = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const prefixForm = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/|$))*$/;
/** A key has 1,024 bytes, and 800 of them are for paths. */
const maxPrefixBytes = 200;

/**
 * The store that a setting names: the path of a folder, or `s3://bucket/prefix`. Nothing is read, made or asked for yet, so that a service starts
 * while its store is away. Throws ConfigurationError for a location that is neither.
 */
export const openObjectStore = (
  location: string,
  { retention, published }: OpenObjectStoreOptions = {},
): ObjectStore => {
  if (!/^[a-z0-9+.-]+:\/\//i.test(location)) {
    if (location === '') throw new ConfigurationError('the path of a folder or s3://bucket/prefix is required');
    return new DirectoryStore(location, published === undefined ? {} : { published });
  }
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(location) ?? [];
  if (!bucketForm.test(bucket) || !prefixForm.test(rest) || rest.length > maxPrefixBytes)
    throw new ConfigurationError(
      'it must be the path of a folder or s3://bucket/prefix, and the prefix of [A-Za-z0-9._/-]',
    );
  const prefix = rest === '' || rest.endsWith('/') ? rest : `${rest}/`;
  return new S3Store({ bucket, prefix, ...(retention && { retention }) });
};
