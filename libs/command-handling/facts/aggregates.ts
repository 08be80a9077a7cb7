import type { DomainEvent } from '#contracts';
import type { ConnectedAccount, ConnectedAccountCommand, ConnectedAccountEvent } from '#domain/connected-account';
import { decideConnectedAccount, evolveConnectedAccount, initialConnectedAccount } from '#domain/connected-account';
import type { Customer, CustomerCommand, CustomerEvent } from '#domain/customer';
import { decideCustomer, evolveCustomer, initialCustomer } from '#domain/customer';
import type { Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import { decide, evolve, initialPayment } from '#domain/payment';
import type { PaymentMethod, PaymentMethodCommand, PaymentMethodEvent } from '#domain/payment-method';
import { decidePaymentMethod, evolvePaymentMethod, initialPaymentMethod } from '#domain/payment-method';
import type { Payout, PayoutCommand, PayoutEvent } from '#domain/payout';
import { decidePayout, evolvePayout, initialPayout } from '#domain/payout';
import type { SetupIntent, SetupIntentCommand, SetupIntentEvent } from '#domain/setup-intent';
import { decideSetupIntent, evolveSetupIntent, initialSetupIntent } from '#domain/setup-intent';

/** How a stream is folded and how facts about it are decided. */
export interface FactAggregate<S, F, E extends DomainEvent = DomainEvent> {
  initial: S;
  evolve(state: S, event: E): S;
  decide(fact: F, state: S): E[];
}

export const customers: FactAggregate<Customer, CustomerCommand, CustomerEvent> = {
  initial: initialCustomer,
  evolve: evolveCustomer,
  decide: decideCustomer,
};

export const paymentMethods: FactAggregate<PaymentMethod, PaymentMethodCommand, PaymentMethodEvent> = {
  initial: initialPaymentMethod,
  evolve: evolvePaymentMethod,
  decide: decidePaymentMethod,
};

export const setupIntents: FactAggregate<SetupIntent, SetupIntentCommand, SetupIntentEvent> = {
  initial: initialSetupIntent,
  evolve: evolveSetupIntent,
  decide: decideSetupIntent,
};

export const payments: FactAggregate<Payment, PaymentFact, PaymentEvent> = { initial: initialPayment, evolve, decide };

export const payouts: FactAggregate<Payout, PayoutCommand, PayoutEvent> = {
  initial: initialPayout,
  evolve: evolvePayout,
  decide: decidePayout,
};

export const connectedAccounts: FactAggregate<ConnectedAccount, ConnectedAccountCommand, ConnectedAccountEvent> = {
  initial: initialConnectedAccount,
  evolve: evolveConnectedAccount,
  decide: decideConnectedAccount,
};
