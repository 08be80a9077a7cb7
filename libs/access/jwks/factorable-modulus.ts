const generator = 65_537n;
const primes = [
  3n,
  5n,
  7n,
  11n,
  13n,
  17n,
  19n,
  23n,
  29n,
  31n,
  37n,
  41n,
  43n,
  47n,
  53n,
  59n,
  61n,
  67n,
  71n,
  73n,
  79n,
  83n,
  89n,
  97n,
  101n,
  103n,
  107n,
  109n,
  113n,
  127n,
  131n,
  137n,
  139n,
  149n,
  151n,
  157n,
  163n,
  167n,
];

/** What powers of the generator leave, by prime: all that a modulus of the flawed kind can leave. */
const remainders = primes.map((prime) => {
  const powers = new Set<bigint>();
  for (let power = 1n; !powers.has(power); power = (power * generator) % prime) powers.add(power);
  return { prime, powers };
});

/**
 * Whether an RSA modulus (big-endian) was made by the flawed generator of smart cards and TPMs that is known as ROCA (CVE-2017-15361):
 * such keys can be factored, so that others can sign with them. By the fingerprint of Nemec et al., "The Return of Coppersmith's
 * Attack"; it takes one good key in a hundred million for a bad one.
 */
export const isFactorable = (modulus: Buffer): boolean => {
  const value = BigInt(`0x0${modulus.toString('hex')}`);
  return remainders.every(({ prime, powers }) => powers.has(value % prime));
};
