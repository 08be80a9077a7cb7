import type { ConnectedAccount } from '#domain/connected-account';
import { Command } from '@nestjs/cqrs';

import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import type { LinkConnectedAccountDto } from './dto.js';

/** Links an account at the processor to the tenant, or answers with the link that is there already (`existing`). */
export class LinkConnectedAccountCommand extends Command<Answer<ConnectedAccount> & { existing: boolean }> {
  constructor(
    readonly context: CommandContext,
    readonly body: LinkConnectedAccountDto,
  ) {
    super();
  }
}
