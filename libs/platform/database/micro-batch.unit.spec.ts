import { MicroBatch } from './micro-batch.js';

/** A database that answers when it is told to. */
const slowDatabase = () => {
  const batches: number[][] = [];
  const answering: (() => void)[] = [];
  const ask = (questions: readonly number[]): Promise<string[]> => {
    batches.push([...questions]);
    return new Promise((resolve, reject) => {
      answering.push(() => {
        if (questions.includes(13)) reject(new Error('13 is asked for'));
        else resolve(questions.map((each) => `answer ${each}`));
      });
    });
  };
  const answer = async (): Promise<void> => {
    answering.shift()?.();
    await turn();
  };
  return { batches, ask, answer };
};

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('questions to the database', () => {
  it('of one turn share a query, and those that come meanwhile the next', async () => {
    const { batches, ask, answer } = slowDatabase();
    const batch = new MicroBatch(ask);
    const first = [batch.ask(1), batch.ask(2)];
    await turn();
    const second = [batch.ask(3), batch.ask(4)];
    await turn();
    expect(batches).toEqual([[1, 2]]);
    await answer();
    expect(await Promise.all(first)).toEqual(['answer 1', 'answer 2']);
    expect(batches).toEqual([
      [1, 2],
      [3, 4],
    ]);
    await answer();
    expect(await Promise.all(second)).toEqual(['answer 3', 'answer 4']);
  });

  it('fail with their query, and those of the next do not', async () => {
    const { ask, answer } = slowDatabase();
    const batch = new MicroBatch(ask);
    const failing = Promise.allSettled([batch.ask(13), batch.ask(1)]);
    await turn();
    const next = batch.ask(2);
    await answer();
    await answer();
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await next).toBe('answer 2');
  });

  it('are two hundred in a query at most', async () => {
    const { batches, ask, answer } = slowDatabase();
    const batch = new MicroBatch(ask);
    const asked = Promise.all(Array.from({ length: 250 }, (_, at) => batch.ask(at + 100)));
    await turn();
    await answer();
    await answer();
    await asked;
    expect(batches.map(({ length }) => length)).toEqual([200, 50]);
  });
});
