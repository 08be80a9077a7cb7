import type { DomainEvent } from '#contracts';
import type { Customer, CustomerCommand, CustomerEvent } from '#domain/customer';
import { decideCustomer, evolveCustomer, initialCustomer } from '#domain/customer';
import type { Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import { decide, evolve, initialPayment } from '#domain/payment';
import type { PaymentMethod, PaymentMethodCommand, PaymentMethodEvent } from '#domain/payment-method';
import { decidePaymentMethod, evolvePaymentMethod, initialPaymentMethod } from '#domain/payment-method';

/** How a stream is folded and how facts about it are decided. */
export interface Aggregate<S, F, E extends DomainEvent = DomainEvent> {
  initial: S;
  evolve(state: S, event: E): S;
  decide(fact: F, state: S): E[];
}

export const customers: Aggregate<Customer, CustomerCommand, CustomerEvent> = {
  initial: initialCustomer,
  evolve: evolveCustomer,
  decide: decideCustomer,
};

export const paymentMethods: Aggregate<PaymentMethod, PaymentMethodCommand, PaymentMethodEvent> = {
  initial: initialPaymentMethod,
  evolve: evolvePaymentMethod,
  decide: decidePaymentMethod,
};

export const payments: Aggregate<Payment, PaymentFact, PaymentEvent> = { initial: initialPayment, evolve, decide };
