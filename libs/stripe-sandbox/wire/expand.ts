/**
 * `expand`: ids in an answer are replaced by their objects, along paths of up to four steps (`latest_charge.balance_transaction`).
 * https://docs.stripe.com/api/expanding_objects
 */
import type { Kind } from '../state/records.js';
import { invalidParameter } from './errors.js';
import { listOf, string } from './params.js';

export interface ExpandTree {
  [field: string]: ExpandTree;
}

const DEEPEST = 4;

/** Which fields of an object can be expanded, and to which kinds of object. */
const expandable: Record<Kind, Readonly<Record<string, readonly Kind[]>>> = {
  customer: {},
  payment_method: { customer: ['customer'] },
  confirmation_token: {},
  setup_intent: { customer: ['customer'], payment_method: ['payment_method'] },
  payment_intent: {
    customer: ['customer'],
    payment_method: ['payment_method'],
    latest_charge: ['charge'],
    review: ['review'],
  },
  charge: {
    customer: ['customer'],
    payment_intent: ['payment_intent'],
    balance_transaction: ['balance_transaction'],
    refunds: ['refund'],
    review: ['review'],
  },
  refund: {
    charge: ['charge'],
    customer: ['customer'],
    payment_intent: ['payment_intent'],
    payment_method: ['payment_method'],
    balance_transaction: ['balance_transaction'],
    failure_balance_transaction: ['balance_transaction'],
  },
  dispute: { charge: ['charge'], payment_intent: ['payment_intent'] },
  review: { charge: ['charge'], payment_intent: ['payment_intent'] },
  early_fraud_warning: { charge: ['charge'], payment_intent: ['payment_intent'] },
  account: {},
  transfer: { balance_transaction: ['balance_transaction'], destination: ['account'] },
  payout: { balance_transaction: ['balance_transaction'], failure_balance_transaction: ['balance_transaction'] },
  balance_transaction: { source: ['charge', 'refund', 'dispute', 'transfer', 'payout'] },
  webhook_endpoint: {},
  event: {},
};

export const expandParam = listOf(string);

/** The kinds that the value at `field` of a `kind` can have, or undefined when it cannot be expanded. */
export const expandableKinds = (kind: Kind, field: string): readonly Kind[] | undefined =>
  Object.hasOwn(expandable[kind], field) ? expandable[kind][field] : undefined;

const refuse = (path: string): never => {
  throw invalidParameter('expand', `This property cannot be expanded (${path.slice(0, 100)}).`);
};

const grow = (tree: ExpandTree, steps: readonly string[], kinds: readonly Kind[], path: string): void => {
  const [field, ...rest] = steps;
  if (field === undefined) return;
  const next = kinds.flatMap((kind) => expandableKinds(kind, field) ?? []);
  if (next.length === 0) refuse(path);
  const branch = (tree[field] ??= {});
  grow(branch, rest[0] === 'data' && field === 'refunds' ? rest.slice(1) : rest, next, path);
};

/**
 * The tree of what to expand in an answer that shows `kind`, or a list of it (paths then begin with `data`).
 * Throws a 400 StripeError for a path that names no expandable property.
 */
export const expandTree = (paths: readonly string[] | undefined, kind: Kind, isList: boolean): ExpandTree => {
  const tree: ExpandTree = {};
  for (const path of paths ?? []) {
    const steps = path.split('.');
    if (steps.length > DEEPEST + (isList ? 1 : 0)) refuse(path);
    if (isList && steps.shift() !== 'data') refuse(path);
    if (steps.length === 0) refuse(path);
    grow(tree, steps, [kind], path);
  }
  return tree;
};
