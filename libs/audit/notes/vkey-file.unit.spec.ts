import { signerOf, witnessOf } from '../testing/keys.js';
import { formatVerifierKey, formatVkeyFile, parseVkeyFile } from './index.js';

const origin = 'example.com/log';
const [first, second] = [signerOf(origin, 1).key, signerOf(origin, 2).key];

describe('the file of the keys of a log', () => {
  it('has one vkey a line, in their order', () => {
    const text = formatVkeyFile([second, first]);
    expect(text).toBe(`${formatVerifierKey(second)}\n${formatVerifierKey(first)}\n`);
    for (const written of [text, text.trim(), `\n${text.replaceAll('\n', '\r\n')}\n`])
      expect(parseVkeyFile(written).map(formatVerifierKey)).toEqual([second, first].map(formatVerifierKey));
  });

  it.each([
    ['', 'it names no key'],
    [' \n\n', 'it names no key'],
    [formatVkeyFile([first, signerOf('example.com/other', 1).key]), 'there are keys of several logs'],
    [formatVkeyFile([witnessOf(origin).key]), 'it is the key of a witness'],
    [formatVkeyFile(Array.from({ length: 1_001 }, () => first)), 'there are more than 1000'],
    [`${origin}+00000000+AAAA`, 'its type is none of'],
  ])('is refused when it is another file', (text, words) => {
    expect(() => parseVkeyFile(text)).toThrow(words);
  });
});
