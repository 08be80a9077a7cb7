import { createHash } from 'node:crypto';

import type { RunningApi } from './testing/running-api.js';
import { startApi } from './testing/running-api.js';

let api: RunningApi;
let html = '';
let directives: Map<string, string[]>;
beforeAll(async () => {
  api = await startApi();
  const page = await fetch(`${api.url}/docs`);
  html = await page.text();
  const policy = page.headers.get('content-security-policy') ?? '';
  directives = new Map(
    policy.split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(' ');
      return [name, sources];
    }),
  );
});
afterAll(() => api.close());

const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const all = (pattern: RegExp): string[] => [...html.matchAll(pattern)].map(([, found = '']) => found);

describe('the page of /docs', () => {
  it('may load from here alone, and be shown in no frame', () => {
    expect(Object.fromEntries(directives)).toMatchObject({
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'connect-src': ["'self'"],
      'base-uri': ["'none'"],
      'form-action': ["'none'"],
      'frame-ancestors': ["'none'"],
    });
    expect([...directives.values()].flat()).not.toContain("'unsafe-inline'");
    expect([...directives.values()].flat()).not.toContain("'unsafe-eval'");
  });

  it('names scripts of ours alone, which are there, and has none in itself', async () => {
    const scripts = all(/<script([^>]*)>/g).map((attributes) => /src="([^"]+)"/.exec(attributes)?.[1]);
    expect(scripts.length).toBeGreaterThanOrEqual(3);
    for (const src of scripts) {
      const url = new URL(src ?? 'inline:', `${api.url}/docs`);
      expect(url.origin).toBe(api.url);
      const script = await fetch(url);
      expect([src, script.status]).toEqual([src, 200]);
      expect(script.headers.get('content-type')).toMatch(/javascript/); // else nosniff keeps it from running
      const text = await script.text();
      // Compiling text is what script-src forbids; the one place that would catches the refusal.
      expect(text.match(/[^\w.$]eval\(|new Function\((?!"return this"\))/g) ?? []).toEqual([]);
    }
    expect(all(/<script[^>]*>([\s\S]*?)<\/script>/g).map((text) => text.trim())).toEqual(scripts.map(() => ''));
    expect(html).not.toMatch(/\son[a-z]+\s*=|javascript:/i);
  });

  it('has no style that its policy does not know, and takes its style sheets and images from here', async () => {
    const allowed = directives.get('style-src') ?? [];
    const elements = all(/<style[^>]*>([\s\S]*?)<\/style>/g);
    const attributes = all(/\sstyle="([^"]*)"/g);
    expect([elements.length, attributes.length]).toEqual([2, 1]);
    for (const style of [...elements, ...attributes]) expect(allowed).toContain(hash(style));
    for (const href of all(/<link[^>]*href="([^"]+)"/g)) {
      const url = new URL(href, `${api.url}/docs`);
      expect([url.origin, (await fetch(url)).status]).toEqual([api.url, 200]);
    }
  });
});
