/**
 * What the processor (Stripe) takes, from its published page "Supported currencies": https://docs.stripe.com/currencies.
 * Codes are lower-case as in its API, amounts are in the units its API takes.
 */

/** Currencies a charge can be made in. */
export const presentmentCurrencies: ReadonlySet<string> = new Set(
  (
    'usd aed afn all amd aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny ' +
    'cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd ' +
    'jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ' +
    'ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd szl thb ' +
    'tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw'
  ).split(' '),
);

/**
 * Where the API's decimals are not ISO 4217's: ISK and UGX have none, yet are written with two for compatibility; the
 * ariary, whose subunit is a fifth, is written whole.
 */
export const writtenDecimals: Readonly<Record<string, number>> = { isk: 2, ugx: 2, mga: 0 };

/** Amounts must be multiples of this: whole krónur and shillings; three-decimal currencies end in 0. */
export const multiples: Readonly<Record<string, number>> = {
  isk: 100,
  ugx: 100,
  bhd: 10,
  jod: 10,
  kwd: 10,
  omr: 10,
  tnd: 10,
};

/** Published minimum charges. Elsewhere the minimum depends on the account's settlement currency: the processor says. */
export const minimums: Readonly<Record<string, number>> = {
  usd: 50,
  aed: 200,
  aud: 50,
  bgn: 100,
  brl: 50,
  cad: 50,
  chf: 50,
  czk: 1_500,
  dkk: 250,
  eur: 50,
  gbp: 30,
  hkd: 400,
  huf: 17_500,
  inr: 50,
  jpy: 50,
  mxn: 1_000,
  myr: 200,
  nok: 300,
  nzd: 50,
  pln: 200,
  ron: 200,
  sek: 300,
  sgd: 50,
  thb: 1_000,
};

/** Eight digits, but for the rupiah, which has twelve. */
export const DEFAULT_MAXIMUM = 99_999_999;
export const maximums: Readonly<Record<string, number>> = { idr: 999_999_999_999 };
