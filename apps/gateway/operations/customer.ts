import { customers } from '#command-handling/facts';
import type { Customer, CustomerCommand, CustomerCreated, CustomerEvent } from '#domain/customer';
import { customerPersonalPlace } from '#keys';
import type { Address, RegisteredCustomer } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk, Operation } from './operation.js';
import { failureOf, madeWithin, unreachable } from './operation.js';

interface Profile {
  email: string;
  name?: string;
  address?: Address;
}

/** The customer's personal data; undefined for one who was erased since. */
const profileOf = async (
  { tenantId, request: { customerId, personal } }: TakenCall<CustomerCreated>,
  { keys }: Desk,
): Promise<Profile | undefined> => {
  const opened = await keys.openPersonal(customerPersonalPlace(tenantId, customerId), personal);
  return opened.erased ? undefined : (JSON.parse(opened.plaintext) as Profile);
};

const registered = ({ processorCustomerId }: RegisteredCustomer, at: string): Answer<CustomerCommand> => ({
  kind: 'registered',
  facts: [{ type: 'RegisterCustomer', processorCustomerId, at }],
});

const failed = (kind: string, code: string, at: string): Answer<CustomerCommand> => ({
  kind,
  facts: [{ type: 'FailCustomerRegistration', code, at }],
});

/** Registers a customer with the processor. */
export const registerCustomer: Operation<CustomerCreated, Customer, CustomerCommand, CustomerEvent> = {
  aggregate: customers,

  ended: (_, { registration }) => registration.phase !== 'pending' && {},

  async send(call, desk) {
    const { tenantId, request, idempotencyKey } = call;
    const profile = await profileOf(call, desk);
    if (!profile) return { ...failed('erased', 'customer_erased', desk.now().toISOString()), unsent: true };
    const { email, name, address } = profile;
    const { customerId } = request;
    const outcome = await desk.line.run(call, () =>
      desk.processor.createCustomer({ tenantId, customerId, email, name, address }, idempotencyKey),
    );
    const at = desk.now().toISOString();
    if (outcome.outcome === 'succeeded') return registered(outcome.value, at);
    return failed(outcome.outcome, failureOf(outcome).code, at);
  },

  async look(call, desk, certainty) {
    const { tenantId, request } = call;
    const email = (await profileOf(call, desk))?.email;
    const found = await desk.line.run(call, () =>
      desk.processor.findCustomer({ tenantId, customerId: request.customerId, email }, madeWithin(call, desk.now())),
    );
    const at = desk.now().toISOString();
    if (typeof found === 'object') return registered(found.found, at);
    return certainty === 'certain' && found === 'absent' ? failed('unreachable', unreachable, at) : undefined;
  },
};
