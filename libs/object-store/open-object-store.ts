import { ConfigurationError, bucketPlaceOf } from '#platform/configuration';
import { DirectoryStore } from './directory/index.js';
import type { ObjectStore, Retention } from './object-store.js';
import { S3Store } from './s3/index.js';

export interface OpenObjectStoreOptions {
  /** For buckets; a folder cannot promise it and ignores it. */
  retention?: Retention;
  /** Whether other users of the machine may read a folder's files, as a web server that publishes them has to; 0600 and 0700 by default. */
  published?: boolean;
}

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
  const place = bucketPlaceOf(location);
  if (!place)
    throw new ConfigurationError(
      'it must be the path of a folder or s3://bucket/prefix, and the prefix of [A-Za-z0-9._/-]',
    );
  return new S3Store({ ...place, ...(retention && { retention }) });
};
