import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { BrokerOptions } from './broker-process.js';
import { endBroker, formatStorage, runningBroker, startBroker } from './broker-process.js';
import { kafkaClassPath } from './jars.js';
import { freePorts, isFree } from './ports.js';
import type { Node, Security } from './properties.js';
import { plaintext, serverProperties } from './properties.js';

export { NoBroker } from './jars.js';
export type { Security } from './properties.js';

export interface KafkaOptions {
  /** Holds everything the brokers write. What an earlier start left there is started again, on the same ports. */
  directory: string;
  /** 1 by default. Three keep their records through the death of one. */
  brokers?: 1 | 3;
  /** Where the first broker listens for clients, on loopback. A free port by default. */
  port?: number;
  /** Ports of proxies, one a broker: each broker gets a second listener, and tells clients of it to come to its proxy. */
  proxyPorts?: number[];
  /** How clients reach the brokers. Plaintext by default. */
  security?: Security;
  /** Whether the brokers end with this process, however it dies. True by default. */
  lifeline?: boolean;
  log?: (line: string) => void;
}

/** Brokers that run. Nodes are numbered from 1. */
export interface RunningKafka {
  /** `host:port` of each broker. */
  brokers: string[];
  /** What each proxy of `proxyPorts` is to forward to. */
  behindProxies: number[];
  /** Ends every broker and waits until they are gone. The data stays. */
  stop(): Promise<void>;
  /** Ends every broker at once, without a goodbye, and removes the directory. */
  discard(): Promise<void>;
  /** `kill -9` of one node; resolves once it is gone. */
  kill(node: number): Promise<void>;
  /** Starts a node again on its port, after ending it if it still runs; resolves once it serves. */
  restart(node: number): Promise<void>;
}

interface Cluster {
  id: string;
  nodes: Node[];
}

/** A controlled shutdown of several hands leaders around; those that come last have nobody left to hand them to. */
const stop_grace_ms = 4_000;

/**
 * Starts Apache Kafka 4 in KRaft mode on loopback: two seconds with its jars at hand, about ten at the first call.
 * @throws NoBroker where this machine cannot run one
 */
export const startKafka = async (options: KafkaOptions): Promise<RunningKafka> => {
  const { security = plaintext, lifeline = true, log = () => undefined } = options;
  const directory = resolve(options.directory);
  const classPath = await kafkaClassPath(log);
  const { id, nodes } = await clusterIn(directory, options);
  const broker = ({ id: node }: Node): BrokerOptions => ({ folder: folderOf(directory, node), classPath, lifeline });
  await Promise.all(
    nodes.map(async (node) => {
      const { folder } = broker(node);
      const pid = await runningBroker(folder);
      if (pid !== undefined) throw new Error(`a broker runs in ${folder} already, process ${pid}: stop it first`);
      if (!(await isFree(node.port))) throw new Error(`port ${node.port} is taken: choose another in KAFKA_PORT`);
      await mkdir(folder, { recursive: true });
      const properties = serverProperties(node, nodes, join(folder, 'data'), security);
      await writeFile(join(folder, 'server.properties'), properties);
      if (!existsSync(join(folder, 'data/meta.properties')))
        // the last that formatting writes
        await formatStorage(broker(node), id, security.formatArguments ?? []);
    }),
  );
  const nodeOf = (number: number): Node => {
    const node = nodes[number - 1];
    if (!node) throw new Error(`there is no node ${number}: they are numbered from 1 to ${nodes.length}`);
    return node;
  };
  const kafka: RunningKafka = {
    brokers: nodes.map(({ port }) => `127.0.0.1:${port}`),
    behindProxies: nodes.flatMap(({ proxied }) => (proxied ? [proxied.port] : [])),
    stop: () => stopKafka(directory),
    discard: async () => {
      await stopKafka(directory, 0);
      await rm(directory, { recursive: true, force: true });
    },
    kill: (node) => endBroker(broker(nodeOf(node)).folder, 0),
    restart: async (node) => {
      await endBroker(broker(nodeOf(node)).folder, stop_grace_ms);
      await startBroker(broker(nodeOf(node)));
    },
  };
  try {
    await Promise.all(nodes.map((node) => startBroker(broker(node))));
  } catch (error) {
    await kafka.stop();
    throw error;
  }
  log(`Kafka runs at ${kafka.brokers.join(',')}`);
  return kafka;
};

/** Ends the brokers that were started in a directory, by whichever process; at once where `graceMs` is 0. */
export const stopKafka = async (directory: string, graceMs = stop_grace_ms): Promise<void> => {
  const cluster = await readCluster(resolve(directory));
  const folders = (cluster?.nodes ?? []).map(({ id }) => folderOf(resolve(directory), id));
  await Promise.all(folders.map((folder) => endBroker(folder, graceMs)));
};

const folderOf = (directory: string, node: number): string => join(directory, `node-${node}`);
const clusterFile = (directory: string): string => join(directory, 'cluster.json');

const readCluster = async (directory: string): Promise<Cluster | undefined> => {
  const text = await readFile(clusterFile(directory), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Cluster);
};

const proxiedBy = (proxyPort: number | undefined, port: number): Pick<Node, 'proxied'> =>
  proxyPort === undefined ? {} : { proxied: { port, proxyPort } };

/** What the directory holds, or a new cluster. A cluster that is there keeps its size and its ports. */
const clusterIn = async (directory: string, { brokers = 1, port, proxyPorts = [] }: KafkaOptions): Promise<Cluster> => {
  const found = await readCluster(directory);
  if (found) {
    if (found.nodes.length !== brokers)
      throw new Error(`${directory} holds ${found.nodes.length} brokers and not ${brokers}: take another directory`);
    return found;
  }
  const free = await freePorts(brokers * 3);
  const portAt = (at: number): number => {
    const each = free[at];
    if (each === undefined) throw new Error('fewer ports than asked for');
    return each;
  };
  const nodes = Array.from({ length: brokers }, (_, at) => ({
    id: at + 1,
    port: at === 0 && port !== undefined ? port : portAt(at),
    controllerPort: portAt(brokers + at),
    ...proxiedBy(proxyPorts[at], portAt(2 * brokers + at)),
  }));
  const id = randomBytes(16).toString('base64url').replace(/^-/, 'A'); // the storage tool would take a dash for an option
  const cluster = { id, nodes };
  await mkdir(directory, { recursive: true });
  await writeFile(clusterFile(directory), JSON.stringify(cluster));
  return cluster;
};
