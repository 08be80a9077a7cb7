import type { Pool } from 'pg';

import type { ApiKeyForm } from '../api-key.js';
import type { Overlap, SecretName, StoredSecret } from './secret-rows.js';
import { SecretRefused, columns, locked, named, numbersOf, retire, validNow, valuesOf } from './secret-rows.js';

/** What a gateway found of a candidate: whose it is, or why it must not be used. */
export type CandidateFinding = { processorAccount: string } | { refusal: string };

/** Whoever proposed one that is older has gone away. */
export const candidateLifeMs = 120_000;

/**
 * API keys that are to follow the present one, and are not used before a gateway has looked at them: one at a time. An operator proposes,
 * promotes and withdraws them, as the owner; the gateway says what it finds.
 */
export class PostgresKeyCandidates {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /**
   * Stores a candidate, which `seal` gives for its version. Gives that. Throws SecretRefused where there is no key that it could follow, or
   * another candidate is being looked at.
   */
  async propose(
    name: SecretName,
    seal: (version: number) => Promise<string>,
    { form, now }: { form: ApiKeyForm; now: Date },
  ): Promise<number> {
    return locked(this.#pool, name, async (client) => {
      await client.query(
        `delete from billing.processor_secret where ${named} and state <> 'valid' and (state = 'refused' or created_at < $5)`,
        [...valuesOf(name), new Date(now.getTime() - candidateLifeMs)],
      );
      const others = await client.query(
        `select from billing.processor_secret where ${named} and state <> 'valid'`,
        valuesOf(name),
      );
      if (others.rowCount !== 0)
        throw new SecretRefused('another key is being checked: wait two minutes, or for its end');
      const { newest, valid } = await numbersOf(client, name, now);
      if (valid === 0)
        throw new SecretRefused('there is no valid key that it could follow: billing secrets set stores one');
      await client.query(
        `insert into billing.processor_secret (processor, account, environment, kind, version, ciphertext, form, state, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, 'candidate', $8)`,
        [...valuesOf(name), newest + 1, await seal(newest + 1), form, now],
      );
      return newest + 1;
    });
  }

  /** The candidate as it stands; undefined where it is not there any more. */
  async look(name: SecretName, version: number): Promise<StoredSecret | undefined> {
    const { rows } = await this.#pool.query<StoredSecret>(
      `select ${columns} from billing.processor_secret where ${named} and version = $5`,
      [...valuesOf(name), version],
    );
    return rows[0];
  }

  /** Says what was found of a candidate; the first to say so counts. */
  async judge(name: SecretName, version: number, finding: CandidateFinding): Promise<void> {
    const refused = 'refusal' in finding;
    await this.#pool.query(
      `update billing.processor_secret set state = $6, refusal = $7, processor_account = $8
       where ${named} and version = $5 and state = 'candidate'`,
      [
        ...valuesOf(name),
        version,
        refused ? 'refused' : 'checked',
        refused ? finding.refusal : null,
        refused ? null : finding.processorAccount,
      ],
    );
  }

  /**
   * Makes a checked candidate the newest. Gives the versions that are valid then, the newest first. Throws SecretRefused where it was not
   * checked, or another key was stored meanwhile.
   */
  async promote(name: SecretName, version: number, overlap: Overlap): Promise<StoredSecret[]> {
    return locked(this.#pool, name, async (client) => {
      const { newest, valid } = await numbersOf(client, name, overlap.now);
      if (newest !== version) throw new SecretRefused('another key was stored meanwhile, and counts');
      await retire(client, name, valid, overlap);
      const { rowCount } = await client.query(
        `update billing.processor_secret set state = 'valid' where ${named} and version = $5 and state = 'checked'`,
        [...valuesOf(name), version],
      );
      if (rowCount === 0) throw new SecretRefused('no gateway has checked the key');
      return validNow(client, name, overlap.now);
    });
  }

  /** Takes a candidate away. */
  async withdraw(name: SecretName, version: number): Promise<void> {
    await this.#pool.query(
      `delete from billing.processor_secret where ${named} and version = $5 and state <> 'valid'`,
      [...valuesOf(name), version],
    );
  }
}
