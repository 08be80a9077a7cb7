import { readCheckoutSettings } from '#platform/configuration';

import { CheckoutSite } from './site.js';

const siteOf = (given: NodeJS.ProcessEnv): CheckoutSite => new CheckoutSite(readCheckoutSettings(given));

describe('where a payer goes on', () => {
  it('is https in production, and this machine as well while somebody tries it out', () => {
    const address = 'http://localhost:3000/thanks';
    expect(() => siteOf({ BILLING_ENV: 'test' }).assertReturn('successUrl', address)).not.toThrow();
    const production = siteOf({ BILLING_ENV: 'production' });
    expect(() => production.assertReturn('successUrl', address)).toThrow('successUrl must be an https URL');
    expect(() => production.assertReturn('cancelUrl', undefined)).not.toThrow();
    expect(() => production.assertReturn('cancelUrl', 'https://shop.example/')).not.toThrow();
  });
});
