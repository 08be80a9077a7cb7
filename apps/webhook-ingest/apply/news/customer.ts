import { customers } from '#command-handling/facts';
import type { CustomerFact } from '#domain/customer';
import type { CustomerNews, FinancialAccountNews } from '#processor';

import { recordHeard } from '../desk.js';
import { ignored } from '../verdict.js';
import { customerOf } from '../whose/customer.js';
import type { Handler } from './handler.js';

/** Records that somebody deleted the customer at the processor. */
export const applyCustomer: Handler<CustomerNews> = async ({ processorCustomerId, claim }, heard, desk) => {
  const found = await customerOf(desk, processorCustomerId, claim, heard.account);
  return recordHeard(desk, heard, customers, found, (): CustomerFact[] => [
    { type: 'RecordCustomerDeleted', processorCustomerId, at: heard.at },
  ]);
};

/** Records that a customer's bank account was connected, or is no more. One of nobody, or of an account, is none of ours. */
export const applyFinancialAccount: Handler<FinancialAccountNews> = async (news, heard, desk) => {
  const { processorFinancialAccountId, connected, processorCustomerId } = news;
  if (processorCustomerId === undefined) throw ignored('unused_object');
  const found = await customerOf(desk, processorCustomerId, {}, heard.account);
  return recordHeard(desk, heard, customers, found, (): CustomerFact[] => [
    { type: 'RecordFinancialAccount', processorFinancialAccountId, connected, at: heard.at },
  ]);
};
