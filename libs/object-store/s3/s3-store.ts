import type { Readable } from 'node:stream';
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { ObjectTooLarge } from '../errors.js';
import type { ObjectStore, ReadOptions, Retention } from '../object-store.js';
import { defaultMaxBytes } from '../object-store.js';
import { assertLimit, assertPath, assertPrefix } from '../paths.js';
import { ObjectStoreUnfit } from '../unfit.js';
import { openS3Client } from './open-s3-client.js';
import type { KeyPage, Marker } from './keys.js';
import { firstVersionOf, listCurrent, listRetained } from './keys.js';
import { assertObjectLock, lockFor } from './object-lock.js';
import { isMissing, isThere } from './s3-fault.js';
import type { InTime, S3Call } from './s3-line.js';
import { S3Line } from './s3-line.js';

export interface S3StoreOptions {
  bucket: string;
  /** What every key begins with; empty, or with a `/` at its end. */
  prefix: string;
  /**
   * Writes under Object Lock in compliance mode, which nobody can lift or shorten, and refuses a bucket without it. What is read then is the
   * first version of a file, which no later version and no delete marker hides, and nothing is replaced.
   */
  retention?: Retention;
  endpoint?: string;
  /** How long one try may take, without the time for its bytes. 10 seconds by default. */
  tryTimeout_ms?: number;
  /** How many paths of a list are asked for at once. 1,000 by default, which is what S3 gives at most. */
  pageLimit?: number;
}

/** What S3 gives in one page of a list at most. */
const maxPage = 1_000;
/** What one request can write. */
const maxBytes = 5 * 1024 ** 3;

/** All that comes, as far as it is not too large. */
const bytesOf = async (body: Readable, tooLarge: ObjectTooLarge): Promise<Uint8Array | ObjectTooLarge> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > tooLarge.maxBytes) return tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/**
 * A bucket of S3, or of what speaks as it does. `create` is a write on condition (`If-None-Match: *`), so that the bucket itself decides between
 * writers; one whose answer was lost is told `exists` of its own file when it tries again. Every write carries its SHA-256, which S3 checks
 * before it keeps the bytes. Rejects with ObjectStoreUnavailable, and with ObjectStoreUnfit for a bucket that cannot retain.
 */
export class S3Store implements ObjectStore {
  readonly name: string;
  readonly #client: S3Client;
  readonly #line: S3Line;
  readonly #options: S3StoreOptions;
  #isFit: Promise<unknown> | undefined;

  constructor(options: S3StoreOptions) {
    const { bucket, prefix, endpoint, tryTimeout_ms = 10_000 } = options;
    this.#options = options;
    this.name = `s3://${bucket}/${prefix}`.replace(/\/$/, '');
    this.#client = openS3Client({ connectTimeout_ms: Math.min(tryTimeout_ms, 3_000), endpoint });
    this.#line = new S3Line({ tryTimeout_ms });
  }

  async read(path: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    assertPath(path);
    await this.#assertFit();
    const call = this.#call('read', path);
    const tooLarge = new ObjectTooLarge(call.where, options.maxBytes ?? defaultMaxBytes);
    const found = await this.#line.call(call, (inTime) => this.#get(path, tooLarge, inTime));
    if (found instanceof ObjectTooLarge) throw found;
    return found;
  }

  async create(path: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    return this.#put(path, bytes, { IfNoneMatch: '*' });
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    if (this.#options.retention)
      throw new RangeError(`${this.name} retains what is written: nothing is replaced there`);
    await this.#put(path, bytes, {});
  }

  async list(prefix: string, { after = '', limit }: { after?: string; limit: number }): Promise<string[]> {
    assertPrefix(prefix);
    assertLimit(limit);
    await this.#assertFit();
    const { bucket: Bucket, prefix: root, retention, pageLimit = maxPage } = this.#options;
    const listKeys = retention ? listRetained : listCurrent;
    const range = { Bucket, Prefix: root + prefix, MaxKeys: Math.min(pageLimit, limit) };
    const found = new Set<string>();
    let next: Marker | undefined = after === '' ? undefined : { key: root + after };
    // Every page begins after the one before: it ends.
    do {
      const from: Marker | undefined = next;
      const page: KeyPage = await this.#line.call(this.#call('list', prefix), (inTime) =>
        listKeys(this.#client, range, from, inTime),
      );
      for (const key of page.keys) found.add(key.slice(root.length));
      next = page.next;
    } while (next && found.size < limit);
    return [...found].slice(0, limit);
  }

  /** The object, and where it is retained its first version; `tooLarge` itself where it is. */
  async #get(path: string, tooLarge: ObjectTooLarge, inTime: InTime): Promise<Uint8Array | ObjectTooLarge | undefined> {
    const VersionId = this.#options.retention && (await firstVersionOf(this.#client, this.#at(path), inTime));
    if (this.#options.retention && VersionId === undefined) return undefined;
    const command = new GetObjectCommand({ ...this.#at(path), ...(VersionId !== undefined && { VersionId }) });
    try {
      const { Body, ContentLength = 0 } = await inTime(0, (abortSignal) => this.#client.send(command, { abortSignal }));
      if (Body === undefined) return new Uint8Array();
      // An answer without its length is told 0 of, and ends where it is too large.
      if (ContentLength <= tooLarge.maxBytes)
        return await inTime(ContentLength, () => bytesOf(Body as Readable, tooLarge));
      (Body as Readable).destroy();
      return tooLarge;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async #put(path: string, bytes: Uint8Array, condition: { IfNoneMatch?: '*' }): Promise<'created' | 'exists'> {
    assertPath(path);
    if (bytes.length > maxBytes) throw new RangeError(`a file has at most ${String(maxBytes)} bytes`);
    await this.#assertFit();
    const { retention } = this.#options;
    const input: PutObjectCommandInput = {
      ...this.#at(path),
      ...condition,
      ...(retention && lockFor(retention)),
      Body: bytes,
      ContentLength: bytes.length,
      ContentType: 'application/octet-stream',
      ChecksumAlgorithm: 'SHA256',
    };
    return this.#line.call(this.#call('write', path), async (inTime) => {
      // The condition looks at the newest version alone, which may be a delete marker.
      if (retention && (await firstVersionOf(this.#client, this.#at(path), inTime)) !== undefined) return 'exists';
      try {
        await inTime(bytes.length, (abortSignal) => this.#client.send(new PutObjectCommand(input), { abortSignal }));
        return 'created';
      } catch (error) {
        if (isThere(error)) return 'exists';
        throw error;
      }
    });
  }

  #at(path: string): { Bucket: string; Key: string } {
    return { Bucket: this.#options.bucket, Key: this.#options.prefix + path };
  }

  #call(work: S3Call['work'], path: string): S3Call {
    return { work, where: `s3://${this.#options.bucket}/${this.#options.prefix}${path}` };
  }

  /** Asked once, before whatever is first done. */
  async #assertFit(): Promise<void> {
    const { bucket, retention } = this.#options;
    this.#isFit ??= this.#assertRegion().then(() => retention && assertObjectLock(this.#client, this.#line, bucket));
    try {
      await this.#isFit;
    } catch (error) {
      this.#isFit = undefined;
      throw error;
    }
  }

  async #assertRegion(): Promise<void> {
    try {
      await this.#client.config.region();
    } catch {
      throw new ObjectStoreUnfit(`AWS_REGION must be set for ${this.name}`);
    }
  }
}
