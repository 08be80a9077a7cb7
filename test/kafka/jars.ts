import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const fetch_timeout_ms = 300_000;
const leastJava = 17;

/** Raised where this machine cannot run a broker. The message is one line and says what to do. */
export class NoBroker extends Error {
  constructor(message: string) {
    super(`${message}; or set KAFKA_BROKERS to a Kafka that runs`);
    this.name = 'NoBroker';
  }
}

/** The folder of this repository, from its sources and from what is built of them. */
const rootOf = (folder: string): string => {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error('package.json is in no folder above this file');
  return rootOf(above);
};
const root = rootOf(dirname(fileURLToPath(import.meta.url)));

/** A file of this folder, in the sources. */
export const sourceFile = (name: string): string => join(root, 'test/kafka', name);

/** Throws NoBroker unless `java` is there and recent enough. */
const requireJava = async (): Promise<void> => {
  const advice = `install a JDK ${leastJava} or later, with java on the PATH`;
  const { stderr } = await run('java', ['-version'], { timeout: 20_000 }).catch(() => {
    throw new NoBroker(`Kafka needs Java, and there is none here: ${advice}`);
  });
  const version = /version "(\d+)/.exec(stderr)?.[1];
  if (!(Number(version) >= leastJava)) throw new NoBroker(`Kafka does not run on Java ${version ?? '?'}: ${advice}`);
};

/**
 * The class path of the broker. Its jars (43 MB) are fetched by Maven at the first call and kept in `.cache/kafka/`.
 * @throws NoBroker without Java or, as long as nothing was fetched, without Maven or its repository
 */
export const kafkaClassPath = async (log: (line: string) => void): Promise<string> => {
  await requireJava();
  const cache = join(root, '.cache/kafka');
  const jars = join(cache, '4.4.0');
  if (!existsSync(jars)) await fetchJars(cache, jars, log);
  return join(jars, '*');
};

/** Whole or not at all: several may do this at once, and any may be cut off. */
const fetchJars = async (cache: string, jars: string, log: (line: string) => void): Promise<void> => {
  log('fetching Apache Kafka with Maven (once, 43 MB)');
  await mkdir(cache, { recursive: true });
  const partial = await mkdtemp(join(cache, 'fetch-'));
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${partial}`];
  try {
    await run('mvn', ['-B', '-ntp', '-q', '-f', sourceFile('pom.xml'), ...goal], {
      timeout: fetch_timeout_ms,
      killSignal: 'SIGKILL',
    });
    if (!(await readdir(partial)).some((name) => name.startsWith('kafka_2.13-'))) {
      throw new Error('Maven ended without an error and without the jars');
    }
    await rename(partial, jars).catch((error: unknown) => {
      if (!existsSync(jars)) throw error; // else another was faster, and what it fetched is the same
    });
  } catch (error) {
    throw noJars(error as NodeJS.ErrnoException & { stdout?: string });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
};

const noJars = (error: NodeJS.ErrnoException & { stdout?: string }): NoBroker => {
  if (error.code === 'ENOENT')
    return new NoBroker('Kafka is fetched by Maven, and there is none here: install Maven 3');
  const said = (error.stdout ?? '').split('\n').find((line) => line.startsWith('[ERROR]')) ?? error.message;
  return new NoBroker(`Maven could not fetch Kafka (${said.trim()}): look at the network and at Maven's settings`);
};
