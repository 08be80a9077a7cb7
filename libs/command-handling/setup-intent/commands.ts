import type { SetupIntent } from '#domain/setup-intent';
import { Command } from '@nestjs/cqrs';

import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import type { CreateSetupIntentDto } from './dto.js';

export class CreateSetupIntentCommand extends Command<Answer<SetupIntent>> {
  constructor(
    readonly context: CommandContext,
    readonly body: CreateSetupIntentDto,
    /** Of a checkout page: each of its attempts is a setup of its own. */
    readonly checkoutSessionId?: string,
  ) {
    super();
  }
}
