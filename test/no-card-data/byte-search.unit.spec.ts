import { randomBytes } from 'node:crypto';

import { ByteSearch } from './byte-search.js';
import { bodies, forms } from './forms.js';

const number = '4000000000009995';
const email = 'zerlina@canary.example';
const float = Buffer.alloc(8);
float.writeDoubleLE(Number(number));
const integer = Buffer.alloc(8);
integer.writeBigInt64LE(BigInt(number));

const written: Record<string, string | Buffer> = {
  'in UTF-16': Buffer.from('4000 0000 0000 9995', 'utf16le'),
  'in hexadecimal': Buffer.from('4000 0000 0000 9995').toString('hex'),
  'as a float': float,
  'as an integer': integer,
  "as Postgres's numeric": Buffer.from('a00f00000000 0b27'.replace(' ', ''), 'hex'),
  'after thousands of digits': '1'.repeat(4_090) + number,
  ...Object.fromEntries(Object.entries(forms).map(([form, write]) => [form, write(number)])),
};

describe('a search of bytes', () => {
  it.each(Object.entries(written))('finds a number that is written %s, and no other', (_form, bytes) => {
    for (let before = 8; before < 12; before += 1) {
      const search = new ByteSearch([number, '4000000000009987', email]);
      search.look('here', Buffer.concat([Buffer.alloc(before), Buffer.from(bytes as string), Buffer.alloc(3)]));
      expect(search.found).toEqual([expect.stringMatching(/^4000000000009995 .* in here$/) as string]);
    }
  });

  it.each(['nested names', 'wide digits', 'split over a list'])('finds one in a body: %s', (name) => {
    const search = new ByteSearch([number]);
    search.look('a body', Buffer.from(JSON.stringify(bodies[name]?.(number, {}))));
    expect(search.found.length).toBeGreaterThan(0);
  });

  it.each([email, `${email} in UTF-16`])('finds %s', (text) => {
    const search = new ByteSearch([email]);
    search.look('here', Buffer.from(text, text === email ? 'utf8' : 'utf16le'));
    search.look('there', Buffer.from(`x${Buffer.from(`to ${text}`).toString('base64')}`));
    expect(search.found.map((each) => each.split(' in ').at(-1)).sort()).toEqual(['here', 'there']);
  });

  it('finds nothing where nothing is', () => {
    const search = new ByteSearch([number, email]);
    search.look('noise', randomBytes(1_000_000));
    search.look('parted', Buffer.from('4000 and 0000 and 0000 and 9995, zerlina at canary.example'));
    expect([search.found, search.size]).toEqual([[], 1_000_058]);
  });
});
