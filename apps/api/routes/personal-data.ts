import type { Customer } from '#domain/customer';
import type { PaymentMethod } from '#domain/payment-method';
import { Keys, customerPersonalPlace, methodDetailsPlace } from '#keys';
import type { CustomerPersonalData, CustomerView, PaymentMethodDetails, PaymentMethodView } from '#projections';
import { customerView, paymentMethodView, sealedDetailsOf } from '#projections';
import { Injectable } from '@nestjs/common';

/** Opens what is sealed about a person, for those who may see it; an erased person is shown as erased. */
@Injectable()
export class PersonalData {
  constructor(private readonly keys: Keys) {}

  async customer(tenantId: string, customer: Customer): Promise<CustomerView> {
    const opened = await this.keys.openPersonal(
      customerPersonalPlace(tenantId, customer.customerId),
      customer.personal,
    );
    return customerView(customer, opened.erased ? 'erased' : (JSON.parse(opened.plaintext) as CustomerPersonalData));
  }

  /** `defaultPaymentMethodId`: what its customer is offered first. */
  async paymentMethod(
    tenantId: string,
    method: PaymentMethod,
    defaultPaymentMethodId?: string,
  ): Promise<PaymentMethodView> {
    const sealed = sealedDetailsOf(method);
    if (sealed === undefined) return paymentMethodView(method, undefined, defaultPaymentMethodId);
    const opened = await this.keys.openPersonal(
      methodDetailsPlace(tenantId, method.customerId, method.paymentMethodId),
      sealed,
    );
    const details = opened.erased ? 'erased' : (JSON.parse(opened.plaintext) as PaymentMethodDetails);
    return paymentMethodView(method, details, defaultPaymentMethodId);
  }
}
