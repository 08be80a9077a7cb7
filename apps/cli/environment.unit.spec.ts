import { ConfigurationError } from '#platform/configuration';

import { brokersAreHere, environmentOf } from './environment.js';
import { billingProgram } from './program.js';
import { runCommand } from './testing/run-command.js';

const expected = 'BILLING_ENV must be development, test or production';

describe('BILLING_ENV of the tools', () => {
  it.each(['development', 'test', 'production'])('may be %s', (BILLING_ENV) => {
    expect(environmentOf({ BILLING_ENV, DATABASE_URL: 'postgres://a@b/c' })).toBe(BILLING_ENV);
  });

  it.each(['Production', 'prod', 'production ', 'PRODUCTION', 'staging'])(
    'may not be %j, for any command',
    async (word) => {
      const lines = [
        ['certs', 'dev', '--directory', '/nowhere/certs'],
        ['topics', 'apply'],
        ['tenants', 'list'],
        ['demo'],
      ];
      for (const line of lines) {
        const running = runCommand(billingProgram({ BILLING_ENV: word, BILLING_DATA_DIR: '/nowhere' }), line);
        await expect(running).rejects.toThrow(new ConfigurationError(expected));
      }
    },
  );

  it('is development by itself on the data directory alone', async () => {
    expect(environmentOf({})).toBe('development');
    expect(environmentOf({ BILLING_ENV: '', DATABASE_URL: '', KAFKA_BROKERS: 'localhost:9092,[::1]:9092' })).toBe(
      'development',
    );
    const program = billingProgram({ DATABASE_URL: 'postgres://a@b/c' });
    await expect(runCommand(program, ['tenants', 'list'])).rejects.toThrow(`${expected}: set it beside DATABASE_URL`);
    const elsewhere = { DATABASE_URL: 'postgres://a@b/c', KAFKA_BROKERS: '127.0.0.1:9092,kafka.example:9092' };
    for (const [name, value] of Object.entries(elsewhere))
      expect(() => environmentOf({ [name]: value })).toThrow(`${expected}: set it beside ${name}`);
  });
});

describe('brokers', () => {
  it.each([
    ['', true],
    ['127.0.0.1:9092', true],
    ['LOCALHOST:9092', true],
    ['127.0.0.1.example.org:9092', false],
    ['localhost:9092, 10.0.0.1:9092', false],
  ])('%j are on this machine: %s', (KAFKA_BROKERS, here) => {
    expect(brokersAreHere({ KAFKA_BROKERS })).toBe(here);
  });
});
