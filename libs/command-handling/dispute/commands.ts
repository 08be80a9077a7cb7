import type { DisputedPayment } from '#projections/disputes';
import { Command } from '@nestjs/cqrs';

import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import type { SubmitDisputeEvidenceDto } from './dto.js';

/** Answered with the payment; the dispute is in it. */
export class SubmitDisputeEvidenceCommand extends Command<Answer<DisputedPayment>> {
  constructor(
    readonly context: CommandContext,
    readonly disputeId: string,
    readonly body: SubmitDisputeEvidenceDto,
  ) {
    super();
  }
}
