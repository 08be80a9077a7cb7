import { CreateCheckoutSessionDto } from '#command-handling';
import { ApiBody } from '@nestjs/swagger';

const customerId = '3f0f7b39-5c0e-4b0e-9f5a-0d3c7d1f2a64';
const returns = { successUrl: 'https://shop.example/thanks', cancelUrl: 'https://shop.example/cart' };

/** The body of a new checkout session, with an example of each mode. */
export const CheckoutSessionBody = (): MethodDecorator =>
  ApiBody({
    type: CreateCheckoutSessionDto,
    examples: {
      payment: {
        summary: 'A page on which a payer pays',
        value: { mode: 'payment', customerId, amount: 4_999, currency: 'usd', orderId: 'basket-1', ...returns },
      },
      setup: {
        summary: 'A page on which a payer saves a payment method for later',
        value: { mode: 'setup', customerId, paymentMethodTypes: ['card'], ...returns },
      },
    },
  });
