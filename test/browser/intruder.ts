import type { Page } from 'playwright-core';

/** What a script in our page comes to that tries to read the frame with the fields: an error's name, or what it read. */
export const reachIntoFrame = (page: Page): Promise<Record<string, unknown>> =>
  page.evaluate(() => {
    const { document } = globalThis as unknown as {
      document: {
        querySelector: (selector: string) => { contentDocument: unknown; contentWindow: Record<string, unknown> };
      };
    };
    const frame = document.querySelector('#payment iframe');
    const attempt = (read: () => unknown): string => {
      try {
        return `read: ${String(read())}`;
      } catch (error) {
        return (error as Error).name;
      }
    };
    return {
      document: frame.contentDocument,
      window: attempt(() => frame.contentWindow.document),
      address: attempt(() => (frame.contentWindow.location as { href: string }).href),
      property: attempt(() => frame.contentWindow.Stripe),
    };
  });

/** Puts scripts, a frame and an image with a handler into the page, which load from `origin`, and calls there. What runs sets `taken`. */
export const putScriptsInto = (page: Page, origin: string): Promise<void> =>
  page.evaluate(async (from) => {
    interface Element {
      textContent: string;
      src: string;
      innerHTML: string;
      append: (child: Element) => void;
    }
    const { document } = globalThis as unknown as {
      document: { createElement: (name: string) => Element; body: Element };
    };
    const put = (name: string, how: Partial<Element>) =>
      document.body.append(Object.assign(document.createElement(name), how));
    put('script', { textContent: 'globalThis.taken = true' });
    put('script', { src: `${from}/script.js` });
    put('iframe', { src: `${from}/frame` });
    put('div', { innerHTML: `<img src="${from}/image" onerror="globalThis.taken = true">` });
    await fetch(`${from}/fetch`, { method: 'POST', body: 'card' }).catch(() => undefined);
  }, origin);

/** Whether anything that was put into the page has run. */
export const wasTaken = (page: Page): Promise<boolean> =>
  page.evaluate(() => (globalThis as { taken?: boolean }).taken === true);
