import type { Keys } from '#keys';
import { methodDetailsPlace } from '#keys';
import type { ProcessorMethod } from '#processor';

/** A payment method and the person it is of, whose own key seals what it is recognised by. */
export interface MethodOf {
  tenantId: string;
  customerId: string;
  paymentMethodId: string;
}

const placeOf = ({ tenantId, customerId, paymentMethodId }: MethodOf) =>
  methodDetailsPlace(tenantId, customerId, paymentMethodId);

const shownOf = ({ details: { kind: _, ...shown } }: ProcessorMethod): string => JSON.stringify(shown);

/** Seals what a person recognises the method by, for an event. */
export const sealDetails = (of: MethodOf, method: ProcessorMethod, keys: Keys): Promise<string> =>
  keys.sealPersonal(placeOf(of), shownOf(method));

/** What a person recognises a payment method by, as it is kept. */
export type KnownDetails = { expMonth: number; expYear: number } | { bankName: string };

/** Opens what `sealDetails` has sealed; 'erased' for a person whose keys are gone. */
export const openDetails = async (of: MethodOf, sealed: string, keys: Keys): Promise<KnownDetails | 'erased'> => {
  const opened = await keys.openPersonal(placeOf(of), sealed);
  return opened.erased ? 'erased' : (JSON.parse(opened.plaintext) as KnownDetails);
};

/** Whether sealed details are those of `method`, or of a person who was erased: nothing of whom is told anew. */
export const sameDetails = async (
  of: MethodOf,
  sealed: string,
  method: ProcessorMethod,
  keys: Keys,
): Promise<boolean> => {
  const opened = await keys.openPersonal(placeOf(of), sealed);
  return opened.erased || opened.plaintext === shownOf(method);
};
