import type { AccessAudit } from '#access';
import { originNetworkOf } from '#access';
import { webhookAction } from '#command-handling/access-record';
import { addressOf, peerOf } from '#platform/tls';
import type { FastifyRequest } from 'fastify';

/** The answers of somebody who was turned away; the others are about what was sent, or about us. */
const denials = /^(webhook_(signature|timestamp)_[a-z_]+|webhook_account_mismatch|rate_limited)$/;

/** Tells the access log of deliveries that were turned away, and of those that were played again. Nobody there has a tenant. */
export class DeliveryDenials {
  constructor(private readonly audit: Pick<AccessAudit, 'denied'>) {}

  /** `code`: what the request was answered with. */
  refused(request: FastifyRequest, code: string): void {
    if (denials.test(code)) this.#tell(request, code);
  }

  /** The very same request came again: it was answered as the first one was, and nothing was done. */
  replayed(request: FastifyRequest): void {
    this.#tell(request, 'webhook_replayed');
  }

  #tell({ raw, id: requestId }: FastifyRequest, code: string): void {
    const network = originNetworkOf(addressOf(raw));
    const spiffeId = peerOf(raw)?.spiffeId;
    this.audit.denied({
      ...{ tenantId: undefined, channel: 'webhook', action: webhookAction, code },
      origin: { ...(network !== undefined && { network }), ...(spiffeId !== undefined && { spiffeId }), requestId },
    });
  }
}
