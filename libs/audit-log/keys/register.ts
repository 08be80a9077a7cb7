import { createHash, randomUUID } from 'node:crypto';

import { platformTenantId } from '#access/tenancy';
import type { VerifierKey } from '#audit';
import { formatVerifierKey, keyHistoryStream } from '#audit';
import type { AuditKeyAlgorithm, AuditKeyCommand, AuditKeyEvent, AuditKeys } from '#domain/audit-key';
import { decideAuditKeys, evolveAuditKeys } from '#domain/audit-key';
import { Batcher, TenantShards, appendOver } from '#event-store';
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

  constructor({ pool, origin }: { pool: Pool; origin: string }) {
    this.#pool = pool;
    this.#origin = origin;
    this.#shards = new TenantShards(pool);
    this.#batcher = new Batcher(appendOver(pool));
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

  /** Somebody else may write at the same time: decided anew on what they wrote. */
  async #carryOut(command: AuditKeyCommand): Promise<Registered> {
    const shard = await this.#shards.of(platformTenantId);
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const state = await this.state();
      const events = decideAuditKeys(command, state);
      if (events.length === 0) return { events, state };
      const commandId = randomUUID();
      const { status } = await this.#batcher.append(shard, {
        ...{ tenantId: platformTenantId, commandId, correlationId: commandId, events },
        fingerprint: createHash('sha256').update(commandId).digest(),
        streamId: keyHistoryStream(this.#origin),
        expectedVersion: state.events,
        actor: { type: 'system', subject: 'operator' },
      });
      if (status === 'ok') return { events, state: events.reduce(evolveAuditKeys, state) };
    }
    throw new Error(
      'others change the keys of the audit log all the time; look at billing audit keys list, then again',
    );
  }
}
