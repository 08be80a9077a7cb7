import { derivedId } from '#contracts';

import type { Command } from './commands.js';
import { prepare } from './commands.js';
import { InvalidCommand } from './errors.js';
import { commandIdOf } from './record.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const paymentId = '3F1D2C4B-9E8A-4B7C-8D6E-1A2B3C4D5E33';

describe('commands', () => {
  it('are sent with ids in lower case and a body of JSON, empty where there is none', () => {
    const prepared = prepare({ type: 'CapturePayment', tenantId, paymentId }, 'm1');
    expect(prepared).toMatchObject({ type: 'CapturePayment', messageId: 'm1', subject: paymentId.toLowerCase() });
    expect(prepared.body.toString()).toBe('{}');
  });

  it.each<[string, Command, string]>([
    ['a message id with a space', { type: 'CancelPayment', tenantId, paymentId }, 'm 1'],
    ['an empty message id', { type: 'CancelPayment', tenantId, paymentId }, ''],
    ['a message id that is too long', { type: 'CancelPayment', tenantId, paymentId }, 'm'.repeat(256)],
    ['a tenant that is no UUID', { type: 'CancelPayment', tenantId: 'acme', paymentId }, 'm1'],
    ['a payment that is no UUID', { type: 'CancelPayment', tenantId, paymentId: '../1' }, 'm1'],
    [
      'a dispute that is no UUID',
      { type: 'SubmitDisputeEvidence', tenantId, disputeId: 'du_1', body: { evidence: { customerName: 'Ada' } } },
      'm1',
    ],
    ['an unknown type', { type: 'Steal', tenantId } as unknown as Command, 'm1'],
    [
      'a body beyond 64 KiB',
      { type: 'CreateCustomer', tenantId, body: { email: 'a@example.com', name: 'n'.repeat(66_000) } },
      'm1',
    ],
  ])('are refused here for %s', (_, command, messageId) => {
    expect(() => prepare(command, messageId)).toThrow(InvalidCommand);
  });

  it('have the command id that the service derives', () => {
    expect(commandIdOf(tenantId, 'shop', 'm1')).toBe(derivedId(tenantId, '["kafka","shop","m1"]'));
  });
});
