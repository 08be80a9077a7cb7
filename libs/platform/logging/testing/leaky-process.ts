/** A process that tries to let card numbers out in the way that its first argument names; for people where the second one says so. */
import { Logger } from '@nestjs/common';

import { createLogger, guardProcessOutput, nestLogger } from '../index.js';

const [, , how = '', reader] = process.argv;
guardProcessOutput({ app: 'leaky', forPeople: reader === 'people' });

const card = '4242 4242 4242 4242';
const caused = () =>
  new Error(`declined ${card}`, {
    cause: new AggregateError([new Error('of 5555-5555-5555-4444')], 'several of 378282246310005', {
      cause: { number: '6011111111111117' },
    }),
  });

/** As the code of libraries has it. */
const { console: terminal } = globalThis;
const logger = createLogger({ app: 'leaky' });
const ways: Record<string, () => void> = {
  console: () => {
    terminal.log('4242 4242', '4242 4242');
    terminal.log('%s of %o', card, { deep: { '4000056655665556': [{ number: 5_555_555_555_554_444 }] } });
    terminal.error(caused());
    terminal.table([{ number: '378282246310005' }]);
    terminal.trace(card);
  },
  streams: () => {
    process.stdout.write(`${card}\n`);
    process.stderr.write(Buffer.from(`${card}\n`));
    process.stderr.write(Buffer.concat([Buffer.from([0xff]), Buffer.from(`${card}\n`)]));
    process.stdout.write(
      new TextEncoder().encode(`${Buffer.from('{"number":"4242424242424242"}').toString('base64')}\n`),
    );
  },
  pino: () => {
    logger.info('%s and %s', '4242 4242', '4242 4242');
    logger.warn(
      { one: '4242 4242', two: '4242 4242', [card]: [card], deep: { er: { number: 4_242_424_242_424_242 } } },
      card,
    );
    logger.child({ bound: card }).error(caused());
  },
  nest: () => {
    new Logger(card).error(`before there is an app: ${card}`, caused().stack);
    Logger.overrideLogger(nestLogger(logger));
    const nest = new Logger(card);
    nest.error(caused());
    nest.error('with a stack', caused().stack, card);
    nest.warn({ number: card });
  },
  warning: () => {
    process.emitWarning(`of ${card}`, { code: 'LEAK_5555555555554444', detail: card });
  },
  error: () => {
    setImmediate(() => {
      throw caused();
    });
  },
  thrown: () => {
    setImmediate(() => {
      throw { number: card } as unknown as Error;
    });
  },
  rejection: () => {
    void Promise.reject(caused());
  },
  rejected: () => {
    void (async () => {
      await Promise.resolve();
      throw card as unknown as Error;
    })();
  },
};
ways[how]?.();
