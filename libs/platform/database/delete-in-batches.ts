export interface DeletionBounds {
  /** Rows of one statement at most. */
  batch: number;
  /** Statements at most: what is left waits for the next time. */
  maxBatches: number;
  /** Asked before each statement. Default: always. */
  goesOn?: () => boolean;
}

/**
 * Repeats a deletion until it finds fewer rows than it may take: each statement is short, and locks little. `deleteSome` removes so many rows at
 * most and gives how many it did; what it throws is thrown.
 */
export const deleteInBatches = async (
  deleteSome: (limit: number) => Promise<number>,
  { batch, maxBatches, goesOn = () => true }: DeletionBounds,
): Promise<void> => {
  for (let done = 0; done < maxBatches && goesOn(); done += 1) if ((await deleteSome(batch)) < batch) return;
};
