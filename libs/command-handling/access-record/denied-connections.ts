import type { AccessAudit, Denial } from '#access';
import { originNetworkOf } from '#access';
import type { AccessRefusal } from '#platform/tls';

/**
 * Tells `audit` of those who were denied access by their certificate, or for the lack of one, before they could ask for anything: the
 * platform's log has it, for nobody knows their tenant.
 */
export const deniedConnections =
  (audit: Pick<AccessAudit, 'denied'>, channel: Denial['channel']) =>
  ({ reason, address = '', spiffeId, requestId }: AccessRefusal): void => {
    const network = originNetworkOf(address);
    audit.denied({
      ...{ tenantId: undefined, channel, action: 'unknown', code: reason },
      origin: {
        ...(network !== undefined && { network }),
        ...(spiffeId !== undefined && { spiffeId }),
        ...(requestId !== undefined && { requestId }),
      },
    });
  };
