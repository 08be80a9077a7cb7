import type { LogFiles } from '#audit';

export interface ReadOptions {
  /** What the file may have at most, 512 MiB by default, which no file of ours has. No more is taken into memory. */
  maxBytes?: number;
}

export const defaultMaxBytes = 512 * 1_024 * 1_024;

/**
 * Files that are kept outside the database, under paths such as `tile/0/001`: in a folder, or in a bucket. Paths are relative, of
 * `[A-Za-z0-9._/-]`, 800 bytes at most, and no part of them begins with a dot. Every write is durable once it resolves, and whole or not there at all.
 */
export interface ObjectStore extends LogFiles {
  /** Names it to an operator: `directory /var/audit`, `s3://bucket/prefix`. */
  readonly name: string;
  /** The bytes at a path; undefined where there is nothing. Rejects with ObjectTooLarge where there are more than `maxBytes`. */
  read(path: string, options?: ReadOptions): Promise<Uint8Array | undefined>;
  /**
   * Writes a file that is not there yet, whoever else tries the same: one of them at most is told `created` (none where its
   * answer was lost on the way). Never replaces anything; one that
   * is there is told as `exists`, whatever it holds.
   */
  create(path: string, bytes: Uint8Array): Promise<'created' | 'exists'>;
  /** Writes a file, or another in its place. Readers see the one or the other, never a part. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  /** Paths below `prefix` (which ends with `/`) that sort after `after`, in the order of their bytes, `limit` at most. */
  list(prefix: string, options: { after?: string; limit: number }): Promise<string[]>;
}

/** How long what is written may not be changed or deleted by anybody, where the store can promise that (S3 Object Lock, compliance mode). */
export interface Retention {
  /** 7 by default, as the audit log promises. */
  years: number;
}
