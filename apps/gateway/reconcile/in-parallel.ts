/**
 * Works on what `items` gives, `count` at a time at most. An item is fetched when there is a hand free for it, so that memory stays
 * bounded however many there are. The first failure is thrown once all hands are still, and nothing more is begun.
 */
export const inParallel = async <T>(
  items: AsyncIterable<T> | Iterable<T>,
  count: number,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const source = (async function* () {
    yield* items;
  })();
  let isOver = false;
  const hand = async (): Promise<void> => {
    while (!isOver) {
      const next = await source.next();
      if (next.done) return;
      await work(next.value);
    }
  };
  const failed: unknown[] = [];
  const hands = Array.from({ length: count }, () =>
    hand().catch((error: unknown) => {
      isOver = true;
      failed.push(error);
    }),
  );
  await Promise.all(hands);
  await source.return(undefined);
  if (failed.length > 0) throw failed[0];
};

/** `items` in groups of `size` at most. */
export async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[], void, undefined> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
