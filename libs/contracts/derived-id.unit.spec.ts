import { derivedId } from './derived-id.js';

const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

describe('derived ids', () => {
  it.each([
    ['www.example.com', '2ed6657d-e927-568b-95e1-2665a8aea6a2'], // RFC 9562, appendix A.4
    ['python.org', '886313e1-3b8a-5372-9b90-0c9aee199e5d'], // the documentation of Python's uuid module
  ])('are UUIDs of version 5: %s', (name, id) => {
    expect(derivedId(dns, name)).toBe(id);
  });
  it('differ by namespace and by name', () => {
    const ids = new Set(
      ['a', 'b', 'ü'].flatMap((name) => [derivedId(dns, name), derivedId(derivedId(dns, 'x'), name)]),
    );
    expect(ids.size).toBe(6);
  });
});
