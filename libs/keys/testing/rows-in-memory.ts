import type { WrappedKey } from '../stored-data-key.js';

/** Stored versions of keys by id, where a version that is there stays. */
export class RowsInMemory {
  readonly rows = new Map<string, WrappedKey[]>();

  read = (id: string): Promise<WrappedKey[]> => Promise.resolve([...(this.rows.get(id) ?? [])]);

  insert = (id: string, version: number, wrapped: Buffer): Promise<void> => {
    const versions = this.rows.get(id) ?? [];
    if (!versions.some((key) => key.version === version)) this.rows.set(id, [...versions, { version, wrapped }]);
    return Promise.resolve();
  };
}
