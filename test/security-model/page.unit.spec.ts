import { existsSync, readFileSync } from 'node:fs';

import { missingIn, pageFile, rowsOf } from './reporter.js';

const page = readFileSync(pageFile, 'utf8');

describe('docs/security-model.md', () => {
  it('has a test for each promise, which is in the source', () => {
    expect(missingIn(rowsOf(page), process.cwd())).toEqual([]);
  });

  it('names no file that is not there', () => {
    const paths = [...page.matchAll(/`((?:apps|libs|test|migrations|docs|deploy|tools)\/[\w./@-]+)`/g)].map(
      ([, path]) => path,
    );
    expect(paths.length).toBeGreaterThan(20);
    expect(paths.filter((path) => !existsSync(String(path)))).toEqual([]);
  });

  it('begins with whom it trusts and what it leaves out', () => {
    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings.slice(0, 2)).toEqual(['Who is trusted with what', 'Out of scope']);
  });
});
