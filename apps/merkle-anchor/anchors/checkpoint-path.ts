/** Where an anchor keeps the checkpoint of each size: `checkpoints/000/000/000/012/345`. In the order of bytes it is in that of sizes. */

export const checkpointsPrefix = 'checkpoints/';

/** Larger than any log: 10^15 leaves. */
export const sizeLimit = 10 ** 15;

/** `size`: leaves, 0 to 10^15 - 1. */
export const checkpointPathOf = (size: number): string => {
  if (!Number.isSafeInteger(size) || size < 0 || size >= sizeLimit) throw new RangeError('no size of a checkpoint');
  const digits = String(size).padStart(15, '0');
  return `${checkpointsPrefix}${digits.replace(/(\d{3})(?!$)/g, '$1/')}`;
};

/** The size that a path is for; undefined for a path of another form. */
export const sizeOfPath = (path: string): number | undefined => {
  const [, digits] = /^checkpoints\/(\d{3}(?:\/\d{3}){4})$/.exec(path) ?? [];
  return digits === undefined ? undefined : Number(digits.replaceAll('/', ''));
};
