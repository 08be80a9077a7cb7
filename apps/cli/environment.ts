import type { Environment } from '#platform/configuration';
import { ConfigurationError, readKafkaSettings } from '#platform/configuration';

const environments: readonly string[] = ['development', 'test', 'production'] satisfies Environment[];
const expected = 'BILLING_ENV must be development, test or production';

/**
 * Where a tool is used, judged as the services do. Where nothing says so it is development on the data directory alone: throws
 * ConfigurationError for every other word, and for none where a setting leads to a database of its own or to brokers elsewhere.
 */
export const environmentOf = (settings: NodeJS.ProcessEnv): Environment => {
  const given = settings.BILLING_ENV ?? '';
  if (environments.includes(given)) return given as Environment;
  if (given !== '') throw new ConfigurationError(expected);
  if ((settings.DATABASE_URL ?? '') !== '') throw new ConfigurationError(`${expected}: set it beside DATABASE_URL`);
  if (!brokersAreHere(settings)) throw new ConfigurationError(`${expected}: set it beside KAFKA_BROKERS`);
  return 'development';
};

/** Whether all brokers that KAFKA_BROKERS names are on this machine, by loopback; where it names none, too. */
export const brokersAreHere = (settings: NodeJS.ProcessEnv): boolean =>
  (readKafkaSettings(settings)?.brokers ?? []).every((broker) =>
    /^(localhost|127(\.\d{1,3}){3}|\[::1\]):\d+$/i.test(broker),
  );
