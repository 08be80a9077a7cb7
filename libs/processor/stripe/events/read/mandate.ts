import type { MandateNews } from '../../../news.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

const statuses: Readonly<Record<string, MandateNews['status']>> = {
  active: 'active',
  inactive: 'inactive',
  pending: 'pending',
};

export const readMandate: Reader = (mandate) =>
  newsOf({
    about: 'mandate',
    processorMandateId: mandate.token('id'),
    status: mandate.word('status', statuses),
    token: mandate.id('payment_method'),
  });
