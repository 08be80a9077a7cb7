import type { News } from '#processor';

import type { Desk, Heard } from '../desk.js';
import type { Verdict } from '../verdict.js';
import { applyAccount, applyReference } from './account.js';
import { applyCharge } from './charge.js';
import { applyCustomer, applyFinancialAccount } from './customer.js';
import { applyDispute } from './dispute.js';
import type { Handler } from './handler.js';
import { applyPayment } from './payment.js';
import { applyMandate, applyPaymentMethod } from './payment-method.js';
import { applyPayout } from './payout.js';
import { applyRefund } from './refund.js';
import { applyFraudWarning, applyReview } from './risk.js';
import { applySetup } from './setup.js';

const handlers: { [A in News['about']]: Handler<Extract<News, { about: A }>> } = {
  payment: applyPayment,
  charge: applyCharge,
  refund: applyRefund,
  dispute: applyDispute,
  payout: applyPayout,
  account: applyAccount,
  reference: applyReference,
  payment_method: applyPaymentMethod,
  setup: applySetup,
  customer: applyCustomer,
  financial_account: applyFinancialAccount,
  review: applyReview,
  fraud_warning: applyFraudWarning,
  mandate: applyMandate,
};

/** Applies what an event says: finds whose it is, checks that against our own streams, and records it. Throws what handlers throw. */
export const applyNews = (news: News, heard: Heard, desk: Desk): Promise<Verdict> =>
  (handlers[news.about] as Handler<News>)(news, heard, desk);

/** The object that the news is about, by the processor's id: events of the same one are applied one after the other. */
export const objectOf = (news: News): string => {
  switch (news.about) {
    case 'payment':
      return news.payment.processorPaymentId;
    case 'charge':
      return news.processorPaymentId ?? news.processorChargeId;
    case 'refund':
      return news.processorPaymentId ?? news.refund.processorRefundId;
    case 'dispute':
      return news.dispute.processorPaymentId ?? news.dispute.processorDisputeId;
    case 'payout':
      return news.payout.processorPayoutId;
    case 'account':
      return news.account.processorAccountId;
    case 'reference':
      return news.processorId;
    case 'payment_method':
      return `payment method ${news.claim.paymentMethodId ?? ''}`;
    case 'setup':
      return news.claim.setupIntentId === undefined
        ? `payment method ${news.claim.paymentMethodId ?? ''}`
        : news.processorSetupId;
    case 'customer':
      return news.processorCustomerId;
    case 'financial_account':
      return news.processorCustomerId ?? news.processorFinancialAccountId;
    case 'review':
      return news.processorPaymentId ?? news.processorReviewId;
    case 'fraud_warning':
      return news.processorPaymentId ?? news.processorChargeId;
    case 'mandate':
      return news.processorMandateId;
  }
};
