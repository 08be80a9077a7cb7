import type { RecordedEvent } from '#contracts';
import type { AppendCommand, AppendResult, Batcher, PastCommand, StreamReader, TenantShards } from '#event-store';

/** One stream in memory behind the executor's ports, for faults that a real Postgres cannot be asked for. */
export class MemoryStore {
  readonly events: RecordedEvent[] = [];
  readonly commands = new Map<string, PastCommand>();
  appends = 0;
  reads = 0;
  /** Runs before an append is judged; what it gives is the result instead. */
  beforeAppend: (command: AppendCommand) => AppendResult | undefined = () => undefined;

  readonly shards = { of: () => Promise.resolve(3) } as unknown as TenantShards;

  readonly reader = {
    read: ({ afterVersion = 0, commandId = '' }: { afterVersion?: number; commandId?: string }) => {
      this.reads += 1;
      const events = this.events.filter(({ version }) => version > afterVersion);
      return Promise.resolve({ events, past: this.commands.get(commandId) });
    },
  } as unknown as StreamReader;

  readonly batcher = {
    append: (_shard: number, command: AppendCommand): Promise<AppendResult> => {
      this.appends += 1;
      return Promise.resolve(this.beforeAppend(command) ?? this.write(command));
    },
  } as unknown as Batcher;

  /** Appends as Postgres does: a known command is a duplicate, another version a conflict. */
  write({
    tenantId,
    streamId,
    commandId,
    fingerprint,
    expectedVersion,
    events,
    correlationId,
    actor,
  }: AppendCommand): AppendResult {
    const past = this.commands.get(commandId);
    if (past) return { status: 'duplicate', ...past };
    const version = this.events.length;
    if (version !== expectedVersion) return { status: 'conflict', version };
    for (const event of events) {
      this.events.push({
        shard: 3,
        position: this.events.length + 1,
        tenantId,
        streamId,
        version: this.events.length + 1,
        eventId: `${commandId}/${this.events.length}`,
        type: event.type,
        schemaVersion: 1,
        event,
        metadata: { correlationId, causationId: commandId, actor },
        recordedAt: '2026-11-01T10:00:00.000Z',
      });
    }
    const at = this.events.length;
    this.commands.set(commandId, { streamId, version: at, fingerprint });
    return { status: 'ok', version: at, position: at };
  }
}
