/** Raised for a file that has more bytes than whoever reads it is ready to hold. Trying again changes nothing: somebody wrote there what does not belong there. */
export class ObjectTooLarge extends Error {
  readonly code = 'object_too_large';
  /** `where`: names the store and the path. */
  constructor(
    readonly where: string,
    readonly maxBytes: number,
  ) {
    super(`${where} has more than ${String(maxBytes)} bytes, and is not read: find out who wrote it`);
    this.name = 'ObjectTooLarge';
  }
}

/**
 * Raised when a store cannot be used just now: the disk is full, the bucket is away or refuses. Of a write nobody knows whether it
 * happened; the same again is safe.
 */
export class ObjectStoreUnavailable extends Error {
  readonly code = 'object_store_unavailable';
  /** `where`: names the store and the path. `trouble`: the system's or the service's own name for what is wrong, such as `ENOSPC` or `AccessDenied`. */
  constructor(
    work: 'read' | 'write' | 'list' | 'use',
    readonly where: string,
    readonly trouble: string,
    options?: ErrorOptions,
  ) {
    super(`cannot ${work} ${where} (${trouble})`, options);
    this.name = 'ObjectStoreUnavailable';
  }
}
