import type { CustomerRecord } from '../state/records.js';
import type { Address, Shipping } from '../wire/params.js';

/** All six lines of an address, null where there is nothing. */
export const presentAddress = (address: Address | null | undefined) =>
  address
    ? {
        city: address.city ?? null,
        country: address.country ?? null,
        line1: address.line1 ?? null,
        line2: address.line2 ?? null,
        postal_code: address.postal_code ?? null,
        state: address.state ?? null,
      }
    : null;

export const presentShipping = (shipping: Shipping | null | undefined) =>
  shipping
    ? {
        address: presentAddress(shipping.address),
        carrier: shipping.carrier ?? null,
        name: shipping.name,
        phone: shipping.phone ?? null,
        tracking_number: shipping.tracking_number ?? null,
      }
    : null;

/** The `customer` object; a deleted one is only its id. */
export const presentCustomer = (customer: CustomerRecord) =>
  customer.deleted
    ? { id: customer.id, object: 'customer', deleted: true }
    : {
        id: customer.id,
        object: 'customer',
        address: presentAddress(customer.address),
        balance: customer.balance ?? 0,
        ...(customer.business_name !== undefined && { business_name: customer.business_name }),
        created: customer.created,
        currency: null,
        customer_account: null,
        default_source: null,
        delinquent: false,
        description: customer.description ?? null,
        email: customer.email ?? null,
        ...(customer.individual_name !== undefined && { individual_name: customer.individual_name }),
        // Stripe's are eight characters; these are unlike those of other customers made close by.
        invoice_prefix: customer.invoice_prefix ?? customer.id.slice(8, 16).toUpperCase(),
        invoice_settings: {
          custom_fields: null,
          default_payment_method: customer.default_payment_method ?? null,
          footer: customer.footer ?? null,
          rendering_options: null,
        },
        livemode: false,
        metadata: customer.metadata,
        name: customer.name ?? null,
        next_invoice_sequence: customer.next_invoice_sequence ?? 1,
        phone: customer.phone ?? null,
        preferred_locales: customer.preferred_locales ?? [],
        shipping: presentShipping(customer.shipping),
        tax_exempt: customer.tax_exempt ?? 'none',
        test_clock: null,
      };
