/** What the page uses of Stripe.js, and of the sandbox's stand-in for it: https://docs.stripe.com/js. Types alone, for checkout.cjs. */
declare namespace StripeJs {
  interface Intent {
    status: string;
  }

  interface Failure {
    message?: string;
    payment_intent?: Intent;
    setup_intent?: Intent;
  }

  interface PaymentElement {
    mount(element: HTMLElement): void;
    on(event: 'ready' | 'change' | 'loaderror', heard: () => void): void;
  }

  interface Elements {
    create(type: 'payment', options?: object): PaymentElement;
    submit(): Promise<{ error?: Failure }>;
    update(options: { appearance: object }): void;
  }

  interface Client {
    elements(options: object): Elements;
    createConfirmationToken(options: {
      elements: Elements;
      params?: { return_url?: string };
    }): Promise<{ confirmationToken?: { id: string }; error?: Failure }>;
    handleNextAction(options: {
      clientSecret: string;
    }): Promise<{ paymentIntent?: Intent; setupIntent?: Intent; error?: Failure }>;
  }
}

interface Window {
  Stripe?: (publishableKey: string) => StripeJs.Client;
}
