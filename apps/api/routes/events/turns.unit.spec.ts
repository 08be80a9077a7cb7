import { Turns } from './turns.js';

describe('turns', () => {
  it('let so many work at once, so many wait, and nobody beyond', async () => {
    const turns = new Turns(1, 2);
    const [first, over] = [Promise.withResolvers<string>(), [] as string[]];
    const work = [
      turns.take(() => first.promise),
      turns.take(() => Promise.resolve('second')),
      turns.take(() => Promise.resolve('third')),
    ];
    for (const each of work) void each.then((said) => over.push(said));
    await expect(turns.take(() => Promise.resolve('fourth'))).rejects.toMatchObject({
      status: 503,
      code: 'overloaded',
    });
    first.resolve('first');
    await Promise.all(work);
    expect(over).toEqual(['first', 'second', 'third']);
    await expect(turns.take(() => Promise.resolve('fifth'))).resolves.toBe('fifth');
  });
});
