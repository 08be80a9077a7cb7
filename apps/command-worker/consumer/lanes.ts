/**
 * Does `work` for every item, items of one lane in their order and one after the other, different lanes at once but no more than
 * `width`. Gives the results in the order of `items`. Rejects with the first error; what is in progress then still ends.
 */
export const inLanes = async <T, R>(
  items: readonly T[],
  laneOf: (item: T) => string,
  width: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const lanes = new Map<string, number[]>();
  items.forEach((item, at) => {
    const name = laneOf(item);
    const lane = lanes.get(name);
    if (lane) lane.push(at);
    else lanes.set(name, [at]);
  });
  const results = new Array<R>(items.length);
  const waiting = [...lanes.values()].values();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const lane of waiting) {
      for (const at of lane) {
        if (failed) return;
        results[at] = await work(items[at] as T);
      }
    }
  };
  const ended = await Promise.allSettled(
    Array.from({ length: Math.min(width, lanes.size) }, () =>
      worker().catch((error: unknown) => {
        failed = true;
        throw error;
      }),
    ),
  );
  const failure = ended.find((end) => end.status === 'rejected');
  if (failure) throw failure.reason;
  return results;
};
