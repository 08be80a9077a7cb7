import type { Denial } from '#access';

/**
 * On whose account a denial takes room: the caller's; else that of the certificate; else that of the network. What a caller may choose,
 * such as the tenant that it names, is not in it: else one token would pay with the names of others.
 */
export const payerOf = ({ caller, origin: { network, spiffeId } }: Denial): string =>
  JSON.stringify(
    caller ? [caller.kind, caller.subject] : spiffeId === undefined ? [network] : ['certificate', spiffeId],
  );

/** Whose room it takes: that of a tenant for callers that are proved, or the one for those that are not. */
export const roomOf = ({ tenantId, caller, origin: { spiffeId } }: Denial): string =>
  JSON.stringify([tenantId, caller !== undefined || spiffeId !== undefined]);
