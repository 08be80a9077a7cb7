/**
 * What answers of the sandbox (2026-10-28.endive) have that stripe-mock's document (2026-08-26.dahlia) does not know. Each is in the types
 * of the pinned client, stripe-node 23.1.0. Whatever else an answer has more, or less, is a mistake of the sandbox.
 */

/** Added by endive: the change logs of stripe-node 23.0.0 and 23.1.0. */
const added = [
  'dispute.intended_submission_method: is not known',
  'dispute_evidence_details.submission_method: is not known',
  'payment_intent.payment_record: is not known',
  'payment_method_details_card.electronic_commerce_indicator: is not known',
];

/** In the client's types and in Stripe's answers, and left out of the document. */
const leftOut = ['charge.source: is not known', 'payment_intent.source: is not known'];

export const addedByEndive: readonly string[] = [...added, ...leftOut];
