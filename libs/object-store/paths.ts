/** What S3 takes for a key, less what a prefix may need. */
const maxPathBytes = 800;
const form = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/**
 * Throws RangeError for all that is no path of a store: absolute ones, `..`, empty parts, parts that begin with a dot (the folder keeps what is
 * unfinished under such), bytes outside of `[A-Za-z0-9._/-]`, and more than 800 bytes.
 */
export const assertPath = (path: string): void => {
  if (path.length > maxPathBytes || !form.test(path)) {
    throw new RangeError(`no path of an object store: ${JSON.stringify(path.slice(0, maxPathBytes))}`);
  }
};

/** Throws RangeError for what no `list` begins with: a prefix is a path and `/`, or empty for all there is. */
export const assertPrefix = (prefix: string): void => {
  if (prefix === '') return;
  if (!prefix.endsWith('/')) throw new RangeError(`a prefix ends with /: ${JSON.stringify(prefix)}`);
  assertPath(prefix.slice(0, -1));
};

/** Throws RangeError for a limit that is no integer of 1 or more. */
export const assertLimit = (limit: number): void => {
  if (!Number.isSafeInteger(limit) || limit < 1) throw new RangeError('a list takes a limit of 1 or more');
};

/** Orders by bytes. Paths are ASCII, and there JavaScript's order of strings is that of their bytes. */
export const byBytes = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
