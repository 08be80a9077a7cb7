import {
  CommandExecutor,
  connectedAccounts,
  customers,
  paymentMethods,
  payments,
  setupIntents,
} from '#command-handling';
import type { ConnectedAccount } from '#domain/connected-account';
import type { Customer } from '#domain/customer';
import type { PaymentMethod } from '#domain/payment-method';
import type { SetupIntent } from '#domain/setup-intent';
import type { ShownPayment, Versioned } from '#projections';
import { Injectable } from '@nestjs/common';

/**
 * One object as its stream has it now, so that whoever was just answered reads the same again. Lists, filters and balances come from
 * the read models, which follow a moment later.
 */
@Injectable()
export class PresentState {
  constructor(private readonly executor: CommandExecutor) {}

  /** The payment and its version; undefined when the tenant has none of that id. */
  async payment(tenantId: string, id: string): Promise<Versioned<ShownPayment> | undefined> {
    return versioned(await this.executor.current(tenantId, payments, payments.streamOf(id)));
  }

  async customer(tenantId: string, id: string): Promise<Versioned<Customer> | undefined> {
    return versioned(await this.executor.current(tenantId, customers, customers.streamOf(id)));
  }

  async paymentMethod(tenantId: string, id: string): Promise<Versioned<PaymentMethod> | undefined> {
    return versioned(await this.executor.current(tenantId, paymentMethods, paymentMethods.streamOf(id)));
  }

  async setupIntent(tenantId: string, id: string): Promise<Versioned<SetupIntent> | undefined> {
    return versioned(await this.executor.current(tenantId, setupIntents, setupIntents.streamOf(id)));
  }

  /** What a customer is offered first; undefined where there is none. */
  async defaultPaymentMethodOf(tenantId: string, customerId: string): Promise<string | undefined> {
    return (await this.customer(tenantId, customerId))?.value.defaultPaymentMethodId;
  }

  async connectedAccount(tenantId: string, id: string): Promise<Versioned<ConnectedAccount> | undefined> {
    return versioned(await this.executor.current(tenantId, connectedAccounts, connectedAccounts.streamOf(id)));
  }
}

const versioned = <S>({ state, version }: { state: S; version: number }): Versioned<S> | undefined =>
  version === 0 ? undefined : { version, value: state };
