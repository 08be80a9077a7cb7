/** The topics of Kafka. Names are part of the contract with the outside (docs/contracts). */
export const topics = {
  /** Signed commands of upstream services. The key is the tenant's id; the partition means nothing. */
  commands: 'billing.commands.v1',
  /** Every event; the partition is the shard. */
  events: 'billing.events.v1',
  /** What became of each command; the key is the command's id. */
  results: 'billing.command-results.v1',
  /** Signed tree checkpoints of the audit log. */
  checkpoints: 'billing.checkpoints.v1',
  /** What could not be digested, with the reason. */
  deadLetters: 'billing.dead-letters.v1',
} as const;

export type Topic = (typeof topics)[keyof typeof topics];

/** Partitions of `billing.events.v1`: one a shard, for ever. */
export const eventPartitions = 16;
