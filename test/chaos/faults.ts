import { setTimeout as sleep } from 'node:timers/promises';

import { until } from '../../apps/relay/testing/index.js';
import type { ProxiedKafka } from '../kafka/fault-proxy.js';
import { randomFrom } from '../bench/generated-log.js';
import type { Part, Standalone } from '../standalone/index.js';
import { startExtra } from './extra-process.js';

/** What a fault is done to. */
export interface Victims {
  standalone: Standalone;
  kafka: ProxiedKafka;
}

const between = (leastMs: number, mostMs: number): Promise<void> => sleep(leastMs + Math.random() * (mostMs - leastMs));

/** kill -9 of an app's process; the supervisor starts it again. */
const killed =
  (part: Part) =>
  async ({ standalone }: Victims): Promise<void> => {
    await standalone.kill(part);
    await standalone.whenReady();
  };

let nextBroker = 0;

const brokerKilled = async ({ kafka }: Victims): Promise<void> => {
  nextBroker = (nextBroker % kafka.brokers.length) + 1;
  await kafka.kill(nextBroker);
  await between(500, 3_000);
  await kafka.restart(nextBroker);
};

/** A second relay takes its share of the shards, then hears nothing of Kafka any more while it still holds them. */
const relayCutOff = async ({ standalone, kafka }: Victims): Promise<void> => {
  const relay = await startExtra(standalone, 'relay', kafka.proxied);
  try {
    await between(2_500, 4_000);
    for (const proxy of kafka.proxies) proxy.cut();
    await between(2_000, 9_000);
    for (const proxy of kafka.proxies) proxy.mend();
    await between(500, 2_000);
  } finally {
    await relay.kill();
  }
};

/** The answers to what a second relay sends are lost after the broker has stored it. */
const answersLost = async ({ standalone, kafka }: Victims): Promise<void> => {
  const relay = await startExtra(standalone, 'relay', kafka.proxied);
  const lost = (): number => kafka.proxies.reduce((sum, { dropped }) => sum + dropped, 0);
  const before = lost();
  try {
    for (const proxy of kafka.proxies) proxy.dropProduceAnswers(2);
    await until(() => lost() > before, 30_000, 'an answer to the second relay is lost');
    await between(500, 2_000);
  } finally {
    for (const proxy of kafka.proxies) proxy.dropProduceAnswers(0);
    await relay.kill();
  }
};

const twoRelays = async ({ standalone, kafka }: Victims): Promise<void> => {
  const relays = await Promise.all([1, 2].map(() => startExtra(standalone, 'relay', kafka.brokers)));
  await between(1_000, 4_000);
  await Promise.all(relays.map((relay) => relay.kill()));
};

/** Another member joins the group, and half of the partitions change hands; then it dies without a word, and they change back. */
const rebalance =
  (app: 'projector' | 'command-worker') =>
  async ({ standalone, kafka }: Victims): Promise<void> => {
    const member = await startExtra(standalone, app, kafka.brokers);
    await between(1_500, 3_500);
    await member.kill();
  };

/** Every kind of fault, by the name that the report gives it. */
export const faults: Readonly<Record<string, (victims: Victims) => Promise<void>>> = {
  'relay killed': killed('relay'),
  'broker killed': brokerKilled,
  'worker killed': killed('command-worker'),
  'projector killed': killed('projector'),
  'relay cut off from Kafka': relayCutOff,
  'gateway killed': killed('gateway'),
  'two relays more': twoRelays,
  'projectors rebalanced': rebalance('projector'),
  'produce answers lost': answersLost,
  'workers rebalanced': rebalance('command-worker'),
  'api killed': killed('api'),
  'Postgres killed': killed('postgres'),
};

/** Their names. */
export const kinds = Object.keys(faults);

/** What makes the relay send a record twice: every run has it, however short. */
const repeating = 'produce answers lost';

/** Kinds that can strike together with any other of them: each is over at once. */
const instant = kinds.filter((kind) => kind.endsWith('killed') && kind !== 'broker killed');

/**
 * `count` faults in steps of one or two at once: every kind comes before any comes again, in an order that `seed` decides; now and
 * then two processes die together.
 */
export const stepsOf = (count: number, seed: number): string[][] => {
  const random = randomFrom(seed);
  const order = Array.from({ length: Math.ceil(count / kinds.length) }, () =>
    kinds
      .map((kind) => ({ kind, place: random() }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ kind }) => kind),
  ).flat();
  const chosen = order.slice(0, count);
  if (!chosen.includes(repeating)) chosen.splice(-1, 1, repeating);
  const steps: string[][] = [];
  for (const kind of chosen) {
    const last = steps.at(-1);
    if (last?.length === 1 && last[0] !== kind && [...last, kind].every((each) => instant.includes(each)))
      last.push(kind);
    else steps.push([kind]);
  }
  return steps;
};
