import { createHmac } from 'node:crypto';

import fc from 'fast-check';
import Stripe from 'stripe';

import { hmac, verifySignature } from './signature.js';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const signedAt = 1_700_000_000;
const body = Buffer.from('{"id":"evt_1","object":"event"}');

const sign = (content: Buffer, key = secret, t: number | string = signedAt): string =>
  createHmac('sha256', key).update(`${t}.`).update(content).digest('hex');

const headerOf = (content: Buffer, key = secret, t: number | string = signedAt): string =>
  `t=${t},v1=${sign(content, key, t)}`;

const verify = (
  header: string | string[] | undefined,
  { content = body, secrets = [secret], after = 0 }: { content?: Buffer; secrets?: string[]; after?: number } = {},
) => verifySignature({ header, body: content, secrets, now: new Date((signedAt + after) * 1_000) });

const missing = { ok: false, code: 'webhook_signature_missing' };
const malformed = { ok: false, code: 'webhook_signature_malformed' };
const invalid = { ok: false, code: 'webhook_signature_invalid' };
const outOfTolerance = { ok: false, code: 'webhook_timestamp_out_of_tolerance' };

/** HMACs that Stripe's own library has as its known answers. */
const known = [
  ['', 'f7f9bd47fb987337b5796fdc1fdb9ba221d0d5396814bfcaf9521f43fd8927fd'],
  ['{"obj1":"hello","obj2":"world"}', 'bebb1a643997f419b315ddba19e6f5411e1ce7f810ba6d3617ce72823092f363'],
  ['😀', '837da296d05c4fe31f61d5d7ead035099d9585a5bcde87de952012a78f0b0c43'],
] as const;

describe('the signature', () => {
  it.each(known)('of %p is the known one', (payload, signature) => {
    expect(hmac('test_secret', payload)).toBe(signature);
    const bytes = Buffer.from(payload);
    expect(hmac('test_secret', bytes.subarray(0, 2), bytes.subarray(2))).toBe(signature);
  });

  it('holds for a body that was signed now, and tells which entry matched', () => {
    const signature = sign(body);
    expect(verify(`t=${signedAt},v1=${signature}`)).toEqual({ ok: true, signature, timestamp: signedAt });
  });

  it.each<[string, string | string[] | undefined, object]>([
    ['no header', undefined, missing],
    ['an empty header', '', missing],
    ['a header that came twice', [headerOf(body), headerOf(body)], malformed],
    ['a header that came twice and was joined', `${headerOf(body)}, ${headerOf(body)}`, malformed],
    ['no timestamp', `v1=${sign(body)}`, malformed],
    ['two timestamps', `t=${signedAt},${headerOf(body)}`, malformed],
    ['a timestamp with a sign', headerOf(body, secret, `+${signedAt}`), malformed],
    ['a timestamp in hexadecimal', headerOf(body, secret, '0x6553f100'), malformed],
    ['a timestamp with a fraction', headerOf(body, secret, `${signedAt}.5`), malformed],
    ['an empty timestamp', headerOf(body, secret, ''), malformed],
    ['a timestamp beyond all time', headerOf(body, secret, '1'.repeat(30)), malformed],
    ['no signature', `t=${signedAt}`, malformed],
    ['only the test scheme v0', `t=${signedAt},v0=${sign(body)}`, malformed],
    ['another scheme', `t=${signedAt},v2=${sign(body)}`, malformed],
    ['a scheme in capitals', `t=${signedAt},V1=${sign(body)}`, malformed],
    ['blanks between the entries', `t=${signedAt}, v1=${sign(body)}`, malformed],
    ['an entry that is none', `t=${signedAt},v1=${sign(body)},`, malformed],
    ['nonsense', 'nonsense', malformed],
    ['a header without end', `${headerOf(body)},v0=${'0'.repeat(5_000)}`, malformed],
    ['more behind the signature', `t=${signedAt},v1=${sign(body)}=`, malformed],
    ['a timestamp and more', `t=${signedAt}=,v1=${sign(body)}`, malformed],
    ['an empty signature', `t=${signedAt},v1=`, invalid],
    ['a part of the signature', `t=${signedAt},v1=${sign(body).slice(0, 63)}`, invalid],
    ['the signature and more', `t=${signedAt},v1=${sign(body)}0`, invalid],
    ['the signature in capitals', `t=${signedAt},v1=${sign(body).toUpperCase()}`, invalid],
    ['multibyte characters of its length', `t=${signedAt},v1=${'é'.repeat(32)}`, invalid],
    ['a signature over another time', `t=${signedAt + 1},v1=${sign(body)}`, invalid],
  ])('is refused with %s', (_, header, refusal) => {
    expect(verify(header)).toEqual(refusal);
  });

  it('is found among others, whichever place it has and whatever schemes are beside it', () => {
    const wrong = sign(body, 'whsec_other');
    for (const entries of [
      `v1=${sign(body)},v1=${wrong}`,
      `v1=${wrong},v1=${sign(body)}`,
      `v0=${wrong},v1=${wrong},v1=${sign(body)},v2=${wrong}`,
      `v2=bm90IGhleGFkZWNpbWFs==,v1=${sign(body)},v3==a=b=`,
    ]) {
      expect(verify(`t=${signedAt},${entries}`)).toMatchObject({ ok: true, signature: sign(body) });
    }
  });

  it('holds under either secret while one replaces the other, and under no third', () => {
    const secrets = ['whsec_new', 'whsec_old'];
    for (const key of secrets) expect(verify(headerOf(body, key), { secrets })).toMatchObject({ ok: true });
    // While a secret rolls over, Stripe signs with both.
    const both = `${headerOf(body, 'whsec_old')},v1=${sign(body, 'whsec_new')}`;
    expect(verify(both, { secrets: ['whsec_new'] })).toMatchObject({ ok: true });
    expect(verify(headerOf(body, 'whsec_third'), { secrets })).toEqual(invalid);
  });

  it('never holds without a secret, and a blank one is none', () => {
    for (const secrets of [[], [''], [' '], ['\n\t']]) {
      for (const key of ['', ...secrets]) expect(verify(headerOf(body, key), { secrets })).toEqual(invalid);
    }
  });

  it('does not hold under a secret that has white space about it', () => {
    for (const key of [`${secret}\n`, ` ${secret}`]) {
      expect(verify(headerOf(body), { secrets: [key] })).toEqual(invalid);
    }
  });

  it('is one of bytes: multibyte characters, bytes that are no text, an empty body', () => {
    for (const content of [Buffer.from('{"name":"Zoë 😀"}'), Buffer.from([0xff, 0xfe, 0x00]), Buffer.alloc(0)]) {
      expect(verify(headerOf(content), { content })).toMatchObject({ ok: true });
    }
    // As text these two are the same: both become the replacement character.
    expect(verify(headerOf(Buffer.from([0xff])), { content: Buffer.from([0xfe]) })).toEqual(invalid);
  });

  it('does not hold when a single byte of the body is another', () => {
    const anyBody = fc.uint8Array({ minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(anyBody, fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, place, change) => {
        const content = Buffer.from(bytes);
        const header = headerOf(content);
        expect(verify(header, { content })).toMatchObject({ ok: true });
        content[place % content.length] = (content[place % content.length] as number) ^ change;
        expect(verify(header, { content })).toEqual(invalid);
      }),
    );
  });

  it.each([
    [0, true],
    [300, true],
    [301, false],
    [-300, true],
    [-301, false],
  ])('that is %i seconds old is taken: %p', (after, taken) => {
    expect(verify(headerOf(body), { after })).toEqual(
      taken ? { ok: true, signature: sign(body), timestamp: signedAt } : outOfTolerance,
    );
  });

  it('is told apart from a forged one however old both are', () => {
    expect(verify(headerOf(body, 'whsec_other'), { after: 301 })).toEqual(invalid);
  });

  it('never makes anything throw, whatever the header', () => {
    const pieces = fc.constantFrom('t=', 'v1=', 'v0=', ',', '=', ' ', String(signedAt), sign(body), '\u0000', 'é');
    const header = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces, { maxLength: 12 }).map((each) => each.join('')),
    );
    fc.assert(
      fc.property(header, (text) => {
        const outcome = verify(text);
        const entries = text.split(',');
        if (outcome.ok) expect(entries).toEqual(expect.arrayContaining([`t=${signedAt}`, `v1=${sign(body)}`]));
      }),
      { numRuns: 500 },
    );
  });

  it("agrees with Stripe's own library on what that signs", () => {
    const { webhooks } = new Stripe('sk_test_x');
    const anyBody = fc.string({ unit: 'grapheme', minLength: 1 });
    const anySecret = fc.stringMatching(/^whsec_[A-Za-z0-9]{1,40}$/);
    fc.assert(
      fc.property(anyBody, anySecret, anySecret, (payload, signing, verifying) => {
        const header = webhooks.generateTestHeaderString({ payload, secret: signing, timestamp: signedAt });
        const outcome = verify(header, { content: Buffer.from(payload), secrets: [verifying] });
        expect(outcome.ok).toBe(signing === verifying);
      }),
    );
  });
});
