import { readFileSync } from 'node:fs';

import { check } from 'prettier';

const text = readFileSync('deploy/compose.yaml', 'utf8');
const all = (form: RegExp): string[] => [...text.matchAll(form)].map((match) => match[1] ?? '');

describe('deploy/compose.yaml', () => {
  it('is YAML', async () => {
    expect(await check(text, { parser: 'yaml', singleQuote: true, printWidth: 120 })).toBe(true);
  });
  it('names versions of official images', () => {
    expect(all(/^ +image: (.*)$/gm)).toEqual([
      expect.stringMatching(/^apache\/kafka:4\.\d+\.\d+$/),
      expect.stringMatching(/^postgres:18/),
    ]);
  });
  it('is reached from this machine alone', () => {
    const ports = all(/^ +- '?([\d.:]+:\d+)'?$/gm);
    expect(ports).toHaveLength(2);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });
});
