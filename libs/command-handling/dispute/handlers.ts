import { decide } from '#domain/payment';
import { Keys } from '#keys';
import type { DisputedPayment } from '#projections/disputes';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';

import { disputedPayments } from '../aggregates.js';
import type { Answer } from '../executor.js';
import { CommandExecutor } from '../executor.js';
import { idFrom } from '../idempotency.js';
import { InvalidInput } from '../intake/index.js';
import { SubmitDisputeEvidenceCommand } from './commands.js';
import { PaymentOfDispute } from './payment-of-dispute.js';

/** Where evidence stands, for `Keys.sealPersonal` and `openPersonal`: it tells of the customer who paid. */
export const evidencePlaceOf = (tenantId: string, customerId: string, evidenceId: string) =>
  ({
    tenantId,
    subjectId: customerId,
    purpose: 'dispute',
    record: `DisputeEvidenceRequested.evidence/${evidenceId}`,
  }) as const;

class NothingToStage extends InvalidInput {
  constructor() {
    super('invalid', 'evidence_empty', 'name a field of the evidence, or submit what is staged', 'evidence');
  }
}

@CommandHandler(SubmitDisputeEvidenceCommand)
export class SubmitDisputeEvidenceHandler implements ICommandHandler<SubmitDisputeEvidenceCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly keys: Keys,
    private readonly paymentOfDispute: PaymentOfDispute,
  ) {}

  async execute({ context, disputeId, body }: SubmitDisputeEvidenceCommand): Promise<Answer<DisputedPayment>> {
    const { tenantId, commandId, at } = context;
    const { submit = true } = body;
    const words = JSON.stringify(body.evidence); // without the fields that were left out
    if (!submit && words === '{}') throw new NothingToStage();
    const paymentId = await this.paymentOfDispute.find(tenantId, disputeId);
    const { customerId } = await this.executor.load(tenantId, disputedPayments, paymentId);
    const evidenceId = idFrom(commandId, 'evidence');
    const place = evidencePlaceOf(tenantId, customerId, evidenceId);
    const evidence = await this.keys.sealPersonal(place, words);
    return this.executor.execute({
      context,
      aggregate: disputedPayments,
      id: paymentId,
      decide: (payment) =>
        decide({ type: 'SubmitDisputeEvidence', disputeId, evidenceId, evidence, submit, at }, payment),
    });
  }
}
