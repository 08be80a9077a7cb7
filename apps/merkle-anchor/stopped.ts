/**
 * Why nothing is signed any more. Labels of a metric.
 * `not_an_extension`: an anchor keeps a checkpoint that the tree does not extend. `events_missing`: the tree has positions that Postgres has not.
 * `event_changed`: an event is not what its leaf commits to. `file_changed`: a file of the log is not what was written.
 * `runs_changed`: what Postgres says of the places of leaves is not what the log has, and the log is as it was.
 * `forked`: somebody outside has seen another tree of ours.
 */
export const stopReasons = [
  'not_an_extension',
  'events_missing',
  'event_changed',
  'file_changed',
  'runs_changed',
  'forked',
] as const;
export type StopReason = (typeof stopReasons)[number];

/** Raised where going on could sign what is not so. Trying again changes nothing: a person has to look. */
export class SealingStopped extends Error {
  readonly code = 'sealing_stopped';
  constructor(
    readonly reason: StopReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SealingStopped';
  }
}

/** Raised when another anchor seals, or may: this one forgets what it has in hand and reads the log anew before it goes on. */
export class Overtaken extends Error {
  readonly code = 'sealing_overtaken';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Overtaken';
  }
}
