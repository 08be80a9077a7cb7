import type { Message } from 'kafkajs';

/** What goes to one partition in one request is one batch for the broker, which takes no more than a megabyte. */
const maxBatchBytes = 512 * 1_024;

/** Messages in groups of half a megabyte at most, in their order; one that is larger by itself is a group of its own. */
export const inBatches = (messages: readonly Message[]): Message[][] => {
  const batches: Message[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.value?.length ?? 0;
    const last = batches.at(-1);
    bytes += size;
    if (last && bytes <= maxBatchBytes) last.push(message);
    else {
      batches.push([message]);
      bytes = size;
    }
  }
  return batches;
};
