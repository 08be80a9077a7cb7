import { createHash, randomUUID } from 'node:crypto';

import { platformTenantId } from '#access/tenancy';
import type { VerifierKey } from '#audit';
import { formatVerifierKey, keyHistoryStream } from '#audit';
import type { AuditKeyAlgorithm, AuditKeyCommand, AuditKeyEvent, AuditKeys } from '#domain/audit-key';
import { decideAuditKeys, evolveAuditKeys } from '#domain/audit-key';
import { Batcher, TenantShards, appendOver } from '#event-store';
import type { AppendBatch, AppendResult } from '#event-store';
import type { Pool } from 'pg';

import { readKeyHistory } from './history.js';

/** What came of a command: what it appended, and how the keys stand then. */
export interface Registered {
  events: readonly AuditKeyEvent[];
  state: AuditKeys;
}

const maxTries = 5;

/** Writes the history of a log's keys, which key signs it and until when. `pool` acts as billing_operator. */
export class AuditKeyRegister {
  readonly #pool: Pool;
  readonly #origin: string;
  readonly #shards: TenantShards;
  readonly #batcher: Batcher;

  /** `append`: over `pool` by default. */
  constructor({ pool, origin, append = appendOver(pool) }: { pool: Pool; origin: string; append?: AppendBatch }) {
    this.#pool = pool;
    this.#origin = origin;
    this.#shards = new TenantShards(pool);
    this.#batcher = new Batcher(append);
  }

  async state(): Promise<AuditKeys> {
    return (await readKeyHistory(this.#pool, this.#origin)).state;
  }

  /** From the next checkpoint on the key signs as well. One that signs already changes nothing. Throws a Refusal. */
  introduce(key: VerifierKey, keyName: string, at: string): Promise<Registered> {
    const algorithm = key.type as AuditKeyAlgorithm;
    const command = { type: 'IntroduceAuditKey', name: this.#origin, keyName, vkey: formatVerifierKey(key) } as const;
    return this.#carryOut({ ...command, algorithm, at });
  }

  /** No later checkpoint is signed with the key. `vouched`: keys of whose introduction a receipt is published. Throws a Refusal. */
  retire(vkey: string, vouched: readonly string[], at: string): Promise<Registered> {
    return this.#carryOut({ type: 'RetireAuditKey', vkey, vouched, at });
  }

  /** Somebody else may write at the same time: decided anew on what they wrote. What the store refuses, it refuses again. */
  async #carryOut(command: AuditKeyCommand): Promise<Registered> {
    const shard = await this.#shards.of(platformTenantId);
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const state = await this.state();
      const events = decideAuditKeys(command, state);
      if (events.length === 0) return { events, state };
      const commandId = randomUUID();
      const result = await this.#batcher.append(shard, {
        ...{ tenantId: platformTenantId, commandId, correlationId: commandId, events },
        fingerprint: createHash('sha256').update(commandId).digest(),
        streamId: keyHistoryStream(this.#origin),
        expectedVersion: state.events,
        actor: { type: 'system', subject: 'operator' },
      });
      if (result.status === 'ok') return { events, state: events.reduce(evolveAuditKeys, state) };
      if (result.status !== 'conflict')
        throw new Error(`the keys of the audit log stay as they are: ${whyNot(result)}`);
    }
    throw new Error(
      'others change the keys of the audit log all the time; look at billing audit keys list, then again',
    );
  }
}

const whyNot = (result: Extract<AppendResult, { status: 'refused' | 'duplicate' }>): string =>
  result.status === 'refused'
    ? `the change is refused by the rule ${result.rule}`
    : `the id of the change is in use by ${result.streamId}; try again`;
