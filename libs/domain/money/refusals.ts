import { Refusal } from '../refusal.js';

export class AmountInvalid extends Refusal {
  constructor(amount: unknown, field = 'amount') {
    const given = typeof amount === 'number' ? String(amount) : typeof amount;
    super('amount_invalid', 'invalid', `${field} must be a whole, positive number of minor units, not ${given}`, {
      field,
    });
  }
}

export class CurrencyUnknown extends Refusal {
  constructor(field = 'currency') {
    super('currency_unknown', 'invalid', `${field} is not an ISO 4217 code that the processor charges in`, { field });
  }
}

export class AmountTooSmall extends Refusal {
  constructor(amount: number, currency: string, minimum: number) {
    super(
      'amount_too_small',
      'invalid',
      `${amount} minor units of ${currency} are below the processor's minimum of ${minimum}; ask for more`,
      { field: 'amount', details: { minimum, currency } },
    );
  }
}

export class AmountTooLarge extends Refusal {
  constructor(amount: number, currency: string, maximum: number) {
    super(
      'amount_too_large',
      'invalid',
      `${amount} minor units of ${currency} are above the processor's maximum of ${maximum}; split the payment`,
      { field: 'amount', details: { maximum, currency } },
    );
  }
}

export class AmountNotRepresentable extends Refusal {
  constructor(amount: number, currency: string, multipleOf: number) {
    super(
      'amount_not_representable',
      'invalid',
      `${amount} minor units of ${currency} must be a multiple of ${multipleOf}; nothing is rounded here`,
      { field: 'amount', details: { multipleOf, currency } },
    );
  }
}
