import type { OperatorRole } from '../operator/index.js';
import { UsageError } from '../usage.js';

/** Names a dead letter: an event by its consumer and position, a command by where its record stood in Kafka. */
export type LetterId =
  | { kind: 'event'; consumer: string; shard: number; position: number }
  | { kind: 'command'; partition: number; offset: string };

const eventForm = /^([a-z-]{1,40}:[a-z0-9-]{1,50})\/(\d{1,2}):(\d{1,15})$/;
const commandForm = /^command\/(\d{1,9}):(\d{1,18})$/;

/** Reads an id as `list` prints it. Throws UsageError. */
export const letterIdOf = (text: string): LetterId => {
  const command = commandForm.exec(text);
  if (command) return { kind: 'command', partition: Number(command[1]), offset: String(command[2]) };
  const event = eventForm.exec(text);
  if (!event)
    throw new UsageError(
      'an id is what `billing dead-letters list` prints, such as projector:read-models/3:1207 or command/0:42',
    );
  return { kind: 'event', consumer: String(event[1]), shard: Number(event[2]), position: Number(event[3]) };
};

export const textOf = (id: LetterId): string =>
  id.kind === 'event' ? `${id.consumer}/${id.shard}:${id.position}` : `command/${id.partition}:${id.offset}`;

const roles: Readonly<Record<string, OperatorRole>> = {
  projector: 'billing_projector',
  gateway: 'billing_gateway',
  relay: 'billing_relay',
  'merkle-anchor': 'billing_merkle_anchor',
  'command-worker': 'billing_command_worker',
};

/** The role whose rows a consumer's are. Throws UsageError for a consumer that no app has. */
export const roleOf = (consumer: string): OperatorRole => {
  const role = roles[consumer.split(':')[0] ?? ''];
  if (!role)
    throw new UsageError(
      `there is no consumer ${consumer.slice(0, 100)}; one is called, for example, projector:read-models`,
    );
  return role;
};
