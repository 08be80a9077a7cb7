import { Command, InvalidArgumentError } from 'commander';

import { startKafka, stopKafka } from './index.js';

const brokerCount = (text: string): 1 | 3 => {
  if (text === '1') return 1;
  if (text === '3') return 3;
  throw new InvalidArgumentError('1 or 3');
};

const portNumber = (text: string): number => {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError('a port number');
};

const program = new Command('kafka').description('Apache Kafka 4 on loopback, for development');
const defaultDirectory = '.billing/kafka';

program
  .command('start')
  .description('start it and leave it running')
  .option('--directory <path>', 'where its data lies', defaultDirectory)
  .option('--brokers <count>', 'one broker, or three', brokerCount, 1)
  .option('--port <port>', 'port of the first broker of a new cluster', portNumber, 9092)
  .action(async ({ directory, brokers, port }: { directory: string; brokers: 1 | 3; port: number }) => {
    const log = (line: string) => {
      console.error(line);
    };
    const kafka = await startKafka({ directory, brokers, port, lifeline: false, log });
    console.log(`KAFKA_BROKERS=${kafka.brokers.join(',')}`);
  });

program
  .command('stop')
  .description('stop what was started')
  .option('--directory <path>', 'where its data lies', defaultDirectory)
  .action(({ directory }: { directory: string }) => stopKafka(directory));

await program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
