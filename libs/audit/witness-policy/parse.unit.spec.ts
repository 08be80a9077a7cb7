import { generateKeyPairSync } from 'node:crypto';
import { Malformed, QuorumMissing } from '../errors.js';
import { formatVerifierKey, missingWitnesses, parseNote, requireQuorum, verifierKey } from '../notes/index.js';
import { signerOf, witnessOf } from '../testing/keys.js';
import { parseTrustPolicy } from './parse.js';

const log = signerOf('audit.example.com/billing', 1).key;
const x = ['x1', 'x2', 'x3'].map((name) => witnessOf(`${name}.example.com`));
const y = ['y1', 'y2', 'y3'].map((name) => witnessOf(`${name}.example.com`));
const [x1, x2, x3] = x.map(({ key }) => formatVerifierKey(key)) as [string, string, string];
const [y1, y2, y3] = y.map(({ key }) => formatVerifierKey(key)) as [string, string, string];

/** The example of the specification. */
const example = `
log ${formatVerifierKey(log)}

witness X1 ${x1}
witness X2 ${x2}
witness X3 ${x3}
group X-witnesses 2 X1 X2 X3

witness Y1 ${y1}
witness Y2 ${y2}
witness Y3 ${y3}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

describe('a trust policy (c2sp.org/tlog-policy)', () => {
  it('is the example of the specification: two of the one group and any of the other', () => {
    const policy = parseTrustPolicy(example);
    expect(policy.logs.map(({ key, line }) => [key.name, line])).toEqual([['audit.example.com/billing', 2]]);
    expect(policy.witnesses.map(({ name }) => name)).toEqual(['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3']);
    const of = new Map(policy.witnesses.map(({ name, key }) => [name, key]));
    const missing = (...names: string[]) =>
      missingWitnesses(policy.quorum, new Set(names.flatMap((name) => of.get(name) ?? [])));
    expect(missing()).toBe(3);
    expect(missing('X1', 'X2', 'X3')).toBe(1);
    expect(missing('Y1', 'Y2', 'Y3')).toBe(2);
    expect(missing('X1', 'Y3')).toBe(1);
    expect(missing('X1', 'X3', 'Y2')).toBe(0);
  });

  it('judges a checkpoint by its cosignatures, however many there are of the wrong group', () => {
    const { witnesses, quorum } = parseTrustPolicy(example);
    const policy = { witnesses: witnesses.map(({ key }) => key), quorum };
    const note = (those: typeof x) =>
      parseNote(those.reduce((text, each) => each.cosign(text, 1_800_000_000n), 'a text\n\n\u2014 a AAAAAAA=\n'));
    expect(requireQuorum(note([...x.slice(0, 2), ...y.slice(0, 1)]), policy)).toHaveLength(3);
    const refused = () => requireQuorum(note(x), policy);
    expect(refused).toThrow(QuorumMissing);
    expect(refused).toThrow('3 of the 4 needed witnesses cosigned (x1.example.com, x2.example.com, x3.example.com)');
    expect(() => requireQuorum(note(x), { witnesses: policy.witnesses.slice(1), quorum })).toThrow('is not listed');
  });

  it('takes tabs, comments, URLs, names beyond ASCII and `none`', () => {
    const policy = parseTrustPolicy(`\t# comment\n \twitness\té\t${x1}  https://w.example/p \nquorum none`);
    expect(policy.witnesses).toMatchObject([{ name: 'é', url: 'https://w.example/p', line: 2 }]);
    expect(missingWitnesses(policy.quorum, new Set())).toBe(0);
    expect(parseTrustPolicy(`witness A ${x1}\nquorum A\n`).quorum).toEqual({ witness: policy.witnesses[0]?.key });
  });

  const renamed = formatVerifierKey(verifierKey('other.example.com', 'cosignature', x[0]?.key.publicKey as never));
  const twin = formatVerifierKey(
    verifierKey('x1.example.com', 'cosignature', generateKeyPairSync('ed25519').publicKey),
  );
  const mlDsa = `w+01020304+${Buffer.concat([Buffer.of(6), Buffer.alloc(1_312)]).toString('base64')}`;
  const a = `witness A ${x1}\n`;
  it.each(
    [
      ['', 'line 1: write `quorum NAME`, or `quorum none`'],
      [a, 'line 2: write `quorum NAME`'],
      [`${a}quorum A\nquorum A\n`, 'line 3: there is a quorum above'],
      [`${a}quorum\n`, 'line 2: write `quorum NAME`'],
      [`${a}quorum A 2\n`, 'line 2: write `quorum NAME`'],
      ['quorum A\n', 'line 1: no witness or group `A` stands above this line'],
      ['witness A\n', 'line 1: write `witness NAME VKEY [URL]`'],
      [`witness A ${x1} https://a b\n`, 'line 1: write `witness NAME VKEY [URL]`'],
      [`witness none ${x1}\n`, 'line 1: `none` is the name of no quorum'],
      [`${a}witness A ${x2}\n`, 'line 2: there is a `A` above'],
      [`${a}witness B ${renamed}\n`, 'line 2: line 1 has the same public key'],
      [`${a}witness B ${twin}\n`, 'line 2: the witness of line 1 has a key of the same name'],
      [`witness A ${x1.slice(0, -2)}\n`, 'line 1: the key is no vkey'],
      [`witness A ${formatVerifierKey(log)}\n`, 'line 1: this key is no witness key'],
      [`witness A ${mlDsa}\n`, 'line 1: ML-DSA-44 keys are not known here'],
      [`log ${x1}\n`, 'line 1: this key is that of a witness'],
      ['log\n', 'line 1: write `log VKEY [URL]`'],
      [`log ${formatVerifierKey(log)}\nlog ${formatVerifierKey(log)}\n`, 'line 2: line 1 has the same public key'],
      [`${a}group G 2 A\n`, 'line 2: `2` is not all, any or a number from 1 to 1'],
      [`${a}group G 0 A\n`, 'line 2: `0` is not all'],
      [`${a}group G 01 A\n`, 'line 2: `01` is not all'],
      [`${a}group G any\n`, 'line 2: write `group NAME all|any|K NAME...`'],
      [`${a}group G any A A\n`, 'line 2: `A` is in a group already'],
      [`${a}group G any A\ngroup H any A\n`, 'line 3: `A` is in a group already'],
      [`${a}group G any G\n`, 'line 2: no witness or group `G`'],
      [`${a}group G any none\n`, 'line 2: no witness or group `none`'],
      ['Quorum none\n', 'line 1: there is no `Quorum`; a line begins with log, witness, group, quorum or #'],
      ['quorum none # why\n', 'line 1: write `quorum NAME`'],
      ['quorum none\r\n', 'line 1: it has a carriage return'],
      ['quorum\u00a0none\n', 'line 1: there is no `quorum\u00a0none`'],
      ['quorum none\u0000\n', 'line 1: it has a control character'],
      [Buffer.from('quorum none\n# \xff', 'latin1'), 'it is not UTF-8'],
      ['#'.repeat(70_000), 'it has more than 64 KiB'],
    ].map(([text, message], at) => [at + 1, message, text] as const),
  )('says which line is wrong, and why (%d): %s', (_, message, text) => {
    expect(() => parseTrustPolicy(text as string)).toThrow(Malformed);
    expect(() => parseTrustPolicy(text as string)).toThrow(message as string);
  });

  it('holds at most 64 witnesses', () => {
    const lines = Array.from({ length: 65 }, (_, at) => {
      const { publicKey } = generateKeyPairSync('ed25519');
      return `witness W${String(at)} ${formatVerifierKey(verifierKey(`w${String(at)}`, 'cosignature', publicKey))}\n`;
    });
    expect(parseTrustPolicy(`${lines.slice(1).join('')}quorum none\n`).witnesses).toHaveLength(64);
    expect(() => parseTrustPolicy(`${lines.join('')}quorum none\n`)).toThrow('line 65: there are more than 64');
  });
});
