import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

export const readFraudWarning: Reader = (warning) =>
  newsOf({
    about: 'fraud_warning',
    processorWarningId: warning.token('id'),
    fraudType: warning.token('fraud_type'),
    actionable: warning.boolean('actionable'),
    processorPaymentId: warning.maybeId('payment_intent'),
    processorChargeId: warning.id('charge'),
  });
