import { paymentMethods } from '#command-handling/facts';
import type { PaymentMethod } from '#domain/payment-method';
import type { Claim } from '#processor';
import { tokenDigest } from '#processor';

import type { Desk } from '../desk.js';
import { ignored, notYet, quarantine } from '../verdict.js';
import { checkCustomer } from './customer.js';
import type { FoundStream } from './tenant.js';
import { checkTenant, isId, readStream } from './tenant.js';

/** What an event says of the payment method it is about. */
export interface MethodNamed {
  /** A secret. Undefined where the event leaves it out. */
  token: string | undefined;
  claim: Claim;
  /** The connected account it happened on: payment methods are the platform's own. */
  account: string | undefined;
}

export interface FoundMethod extends FoundStream<PaymentMethod> {
  /** Whether the token that we keep says so too, or, where none is known, the customer: a claim alone is no proof. */
  isProven: boolean;
}

interface Candidate {
  tenantId: string;
  paymentMethodId: string;
}

/** Payment methods of one token: more than a few are wrong already. */
const maxCandidates = 10;

const candidatesSql = `select tenant_id as "tenantId", payment_method_id as "paymentMethodId" from billing.processor_token
  where token_digest = $1 order by tenant_id, payment_method_id limit ${maxCandidates}`;

/** Who keeps this token: it lies sealed, and is found by its digest. */
const keepersOf = async ({ pool }: Desk, token: string | undefined): Promise<Candidate[]> => {
  if (token === undefined) return [];
  const values = [tokenDigest(token)];
  const { rows } = await pool.query<Candidate>({ name: 'find_payment_methods', text: candidatesSql, values });
  return rows;
};

const otherTokenSql = `select from billing.processor_token
  where tenant_id = $1 and payment_method_id = $2 and token_digest is not null`;

/** Whether the claimed payment method has a token that is known, and so another than this one, which nobody keeps. */
const hasOtherToken = async ({ pool }: Desk, tenantId: string, paymentMethodId: string): Promise<boolean> => {
  const query = { name: 'find_other_token', text: otherTokenSql, values: [tenantId, paymentMethodId] };
  return ((await pool.query(query)).rowCount ?? 0) > 0;
};

/**
 * The payment method that an event is about, by its token and by what it claims. One that has neither was not attached by us and is
 * not mirrored. Throws `account_mismatch`, `tenant_unknown`, `tenant_mismatch`, `object_mismatch`, `customer_mismatch`,
 * `no_tenant` for a claim without one, or waits for what is not in its stream yet.
 */
export const paymentMethodOf = async (desk: Desk, { token, claim, account }: MethodNamed): Promise<FoundMethod> => {
  const keepers = await keepersOf(desk, token);
  const { tenantId, paymentMethodId } = whichOf(keepers, claim);
  if (account !== undefined) throw quarantine('account_mismatch');
  await checkTenant(desk, { tenantId });
  if (keepers.some((keeper) => keeper.tenantId !== tenantId)) throw quarantine('tenant_mismatch');
  const isKept = keepers.some((keeper) => keeper.paymentMethodId === paymentMethodId);
  // Several that nothing tells apart, or others than the claim says.
  if (keepers.length > 0 && (!isKept || (keepers.length > 1 && claim.paymentMethodId === undefined))) {
    throw quarantine('object_mismatch');
  }
  const found = await readStream(desk, paymentMethods, tenantId, 'payment_method', paymentMethodId);
  if (found.version === 0) throw notYet('object_unknown');
  const { customerId } = found.state;
  if (claim.customerId !== undefined && claim.customerId !== customerId) throw quarantine('customer_mismatch');
  await checkCustomer(desk, { tenantId, customerId }, claim.processorCustomerId);
  const isProven =
    isKept || (claim.processorCustomerId !== undefined && !(await hasOtherToken(desk, tenantId, paymentMethodId)));
  return { ...found, isProven };
};

/** What the claim says, or else the keeper of the token. */
const whichOf = ([keeper]: readonly Candidate[], claim: Claim): Candidate => {
  if (claim.paymentMethodId === undefined && !keeper) throw ignored('not_mirrored');
  const tenantId = claim.tenantId ?? keeper?.tenantId;
  const paymentMethodId = claim.paymentMethodId ?? keeper?.paymentMethodId;
  if (tenantId === undefined) throw quarantine('no_tenant');
  if (!isId(paymentMethodId)) throw quarantine('object_mismatch');
  return { tenantId, paymentMethodId };
};
