export { assertAmount, assertChargeable, decimalsOf, formatMoney, isCurrency, parseCurrency } from './money.js';
export { AmountInvalid, AmountNotRepresentable, AmountTooLarge, AmountTooSmall, CurrencyUnknown } from './refusals.js';
