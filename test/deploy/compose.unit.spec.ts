import { readFileSync } from 'node:fs';

import { check } from 'prettier';

import { readConfiguration, readKafkaSettings } from '#platform/configuration';

import { readSettings } from '../../apps/standalone/settings.js';

const text = readFileSync('deploy/compose.yaml', 'utf8');
const all = (form: RegExp): string[] => [...text.matchAll(form)].map((match) => match[1] ?? '');

/** A variable of a service. */
const set = (name: string): string => (new RegExp(`^ +${name}: '?([^'\\n]*)'?$`, 'm').exec(text) ?? [])[1] ?? '';
/** What its head tells the reader to export. */
const told: NodeJS.ProcessEnv = Object.fromEntries(
  (/^# +export (.*)$/m.exec(text)?.[1] ?? '')
    .split(' ')
    .map((each) => [each.replace(/=.*/, ''), each.replace(/^\w+=/, '')]),
);

describe('deploy/compose.yaml', () => {
  it('is YAML', async () => {
    expect(await check(text, { parser: 'yaml', singleQuote: true, printWidth: 120 })).toBe(true);
  });
  it('names versions of official images', () => {
    expect(all(/^ +image: (.*)$/gm)).toEqual([
      expect.stringMatching(/^apache\/kafka:4\.\d+\.\d+$/),
      expect.stringMatching(/^postgres:18/),
    ]);
  });
  it('is reached from this machine alone', () => {
    const ports = all(/^ +- '?([\d.:]+:\d+)'?$/gm);
    expect(ports).toHaveLength(2);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });
  it('has what the apps need and no app: those run beside it, from this folder', () => {
    expect(all(/^ {2}([a-z]+):$/gm)).toEqual(['kafka', 'postgres', 'kafka', 'postgres']); // services, and their volumes
    expect(text).not.toMatch(/^ +build:/m);
  });
  it('names in its head all that the apps have to be told, and nothing that they do not read', () => {
    expect(Object.keys(told)).toEqual(['BILLING_ENV', 'DATABASE_URL', 'KAFKA_BROKERS']);
    expect(readConfiguration(told)).toMatchObject({ environment: 'development', databaseUrl: told.DATABASE_URL });
    expect(readSettings(told)).toMatchObject({ databaseUrl: told.DATABASE_URL, kafka: readKafkaSettings(told) });
  });
  it('serves what its head names', () => {
    const url = new URL(told.DATABASE_URL ?? '');
    expect([url.password, url.pathname]).toEqual([set('POSTGRES_PASSWORD'), `/${set('POSTGRES_DB')}`]);
    expect(text).toContain(`--username=${url.username}, --dbname=${set('POSTGRES_DB')}`);
    expect(all(/^ +- '?([\d.]+:\d+):\d+'?$/gm)).toEqual([told.KAFKA_BROKERS, url.host]);
    const listeners = set('KAFKA_ADVERTISED_LISTENERS').split(',');
    expect(listeners).toEqual([`CLIENTS://${told.KAFKA_BROKERS}`]);
    expect(readKafkaSettings(told)?.brokers).toEqual([told.KAFKA_BROKERS]);
  });
  it('has a broker whose listeners are each of a known protocol, and its controller among the voters', () => {
    const known = set('KAFKA_LISTENER_SECURITY_PROTOCOL_MAP')
      .split(',')
      .map((each) => each.split(':')[0]);
    const listeners = set('KAFKA_LISTENERS').split(',');
    const names = listeners.map((each) => each.split(':')[0]);
    expect([...names].sort()).toEqual([...known].sort());
    expect(names).toEqual([set('KAFKA_INTER_BROKER_LISTENER_NAME'), set('KAFKA_CONTROLLER_LISTENER_NAMES')]);
    expect(listeners[1]).toBe(
      `CONTROLLER://${set('KAFKA_CONTROLLER_QUORUM_VOTERS').replace(`${set('KAFKA_NODE_ID')}@`, '')}`,
    );
  });
});
