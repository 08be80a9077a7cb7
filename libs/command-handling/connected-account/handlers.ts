import { derivedId } from '#contracts';
import type { ConnectedAccount } from '#domain/connected-account';
import { linkConnectedAccount } from '#domain/connected-account';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';

import { connectedAccounts } from '../aggregates.js';
import type { Answer } from '../executor.js';
import { ClaimHeld, CommandExecutor } from '../executor.js';
import { AccountHolders } from './account-holders.js';
import { LinkConnectedAccountCommand } from './commands.js';

/** The kind of the claim by which a tenant has an account at the processor once. A storage format. */
export const processorAccountClaim = 'processor_account';

/** Our id of a tenant's account at the processor. */
export const connectedAccountIdOf = (tenantId: string, processorAccountId: string): string =>
  derivedId(tenantId, `account ${processorAccountId}`);

@CommandHandler(LinkConnectedAccountCommand)
export class LinkConnectedAccountHandler implements ICommandHandler<LinkConnectedAccountCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly holders: AccountHolders,
  ) {}

  async execute({
    context,
    body: { processorAccountId },
  }: LinkConnectedAccountCommand): Promise<Answer<ConnectedAccount> & { existing: boolean }> {
    const { tenantId, at } = context;
    const connectedAccountId = connectedAccountIdOf(tenantId, processorAccountId);
    const command = { type: 'LinkConnectedAccount', connectedAccountId, processorAccountId, at } as const;
    try {
      const answer = await this.executor.execute({
        context,
        aggregate: connectedAccounts,
        id: connectedAccountId,
        decide: (account) => linkConnectedAccount(command, account),
        reserves: () => this.holders.hold(tenantId, processorAccountId),
        claims: [{ kind: processorAccountClaim, value: processorAccountId }],
      });
      return { ...answer, existing: answer.settledBy === undefined };
    } catch (error) {
      if (!(error instanceof ClaimHeld) || !error.heldBy) throw error;
      return { ...(await this.executor.current(tenantId, connectedAccounts, error.heldBy)), existing: true };
    }
  }
}
