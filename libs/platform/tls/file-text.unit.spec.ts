import { PatientReader } from './file-text.js';

/** Files that say nothing until they are let. */
const slow = () => {
  let read = 0;
  let answer: (text: string) => void = () => undefined;
  const text = new Promise<string>((resolve) => (answer = resolve));
  const reader = new PatientReader(['/slow'], {
    read: () => {
      read += 1;
      return text;
    },
    ms: 50,
  });
  return { texts: () => reader.texts().catch((error: unknown) => (error as Error).message), reads: () => read, answer };
};

describe('reading files that may hang', () => {
  const late = '/slow cannot be read (no answer in 0.05 s)';

  it('waits so long and no longer, and spends no other thread on the same files before they answer', async () => {
    const { texts, reads, answer } = slow();
    expect(await texts()).toBe(late);
    expect(await texts()).toBe(late);
    expect(reads()).toBe(1);
    answer('now');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect([await texts(), reads()]).toEqual([['now'], 2]);
  });

  it('leaves a thread of the process to others, however many hang', async () => {
    const files = [slow(), slow(), slow(), slow()];
    expect(await Promise.all(files.map(({ texts }) => texts()))).toEqual(files.map(() => late));
    expect(files.map(({ reads }) => reads())).toEqual([1, 1, 1, 0]);
    for (const { answer } of files) answer('now');
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await Promise.all(files.map(({ texts }) => texts()))).toEqual(files.map(() => ['now']));
  });
});
