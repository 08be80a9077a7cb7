/** One node of a cluster: broker and controller at once. */
export interface Node {
  /** From 1. */
  id: number;
  /** Where clients connect, on loopback. */
  port: number;
  /** Where the nodes' controllers talk to each other, on loopback. */
  controllerPort: number;
  /** A listener that clients reach through a proxy alone: they are told the proxy's port and stay on it. */
  proxied?: { port: number; proxyPort: number };
}

/** How clients reach the brokers. Another mode than plaintext brings its settings and what the storage is formatted with. */
export interface Security {
  protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  /** More lines of server.properties; they win over ours. */
  properties?: Record<string, string>;
  /** More arguments of the storage tool's `format`, such as `--add-scram`. */
  formatArguments?: string[];
}

export const plaintext: Security = { protocol: 'PLAINTEXT' };

/**
 * The server.properties of one node of `nodes`, its data in `directory`. Nothing is created on demand; internal topics have as many
 * copies as there are nodes; a node that was killed is seen as gone after two seconds, not nine.
 */
export const serverProperties = (node: Node, nodes: readonly Node[], directory: string, security: Security): string => {
  const copies = String(nodes.length);
  const { proxied } = node;
  const listeners = [`CLIENTS://127.0.0.1:${node.port}`, ...(proxied ? [`PROXIED://127.0.0.1:${proxied.port}`] : [])];
  const advertised = [
    `CLIENTS://127.0.0.1:${node.port}`,
    ...(proxied ? [`PROXIED://127.0.0.1:${proxied.proxyPort}`] : []),
  ];
  const inSync = String(nodes.length > 1 ? 2 : 1);
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    'controller.quorum.voters': nodes.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${node.controllerPort}`].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': `CLIENTS:${security.protocol},PROXIED:${security.protocol},CONTROLLER:PLAINTEXT`,
    'inter.broker.listener.name': 'CLIENTS',
    'log.dirs': directory,
    'auto.create.topics.enable': 'false',
    'default.replication.factor': copies,
    'min.insync.replicas': inSync,
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': inSync,
    'group.initial.rebalance.delay.ms': '0',
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
    'log.cleaner.dedupe.buffer.size': '16777216',
    ...security.properties,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
};
