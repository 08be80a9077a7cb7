import { StripeError } from './errors.js';
import { parseForm } from './form.js';

const plain = (text: string): unknown => JSON.parse(JSON.stringify(parseForm(text)));

describe('form encoding', () => {
  it.each([
    ['', {}],
    ['a=1&b=2', { a: '1', b: '2' }],
    ['a=x+y%20z', { a: 'x y z' }],
    ['metadata[a]=1&metadata[b c]=2', { metadata: { a: '1', 'b c': '2' } }],
    ['metadata%5Ba%5D=1', { metadata: { a: '1' } }],
    ['a[b][c]=1&a[b][d]=2', { a: { b: { c: '1', d: '2' } } }],
    ['expand[]=x&expand[]=y', { expand: { 0: 'x', 1: 'y' } }],
    ['expand[0]=x&expand[1]=y', { expand: { 0: 'x', 1: 'y' } }],
    ['items[0][a]=1&items[1][a]=2', { items: { 0: { a: '1' }, 1: { a: '2' } } }],
    ['a=ünïcode&b=%F0%9F%98%80', { a: 'ünïcode', b: '😀' }],
    ['a&b=', { a: '', b: '' }],
    ['a=1=2', { a: '1=2' }],
    ['a=1&a=2', { a: '2' }],
    ['&&a=1&', { a: '1' }],
  ])('%p is %j', (text, expected) => {
    expect(plain(text)).toEqual(expected);
  });

  it.each(['a=%', 'a=%ff', '[a]=1', 'a[b=1', 'a[b]c=1', 'a=1&a[b]=2', 'a[b][c][d][e][f][g][h][i]=1'])(
    '%p is refused',
    (text) => {
      expect(() => parseForm(text)).toThrow(StripeError);
    },
  );

  it("reaches nobody's prototype", () => {
    const form = parseForm('__proto__[polluted]=1&constructor[prototype][polluted]=1');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(Object.keys(form)).toContain('constructor');
  });

  it('has a bounded number of parameters', () => {
    expect(() => parseForm('a=1&'.repeat(3_000))).toThrow(StripeError);
  });
});
