import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/**
 * What axe-core calls serious or critical in the page as it stands, one line each; frames of other origins are theirs to answer for.
 * Runs beside the page's own scripts, so that its policy need not allow it.
 */
export const seriousFaults = async (page: Page): Promise<string[]> => {
  const run = `(async () => {
    ${axe}
    return globalThis.axe.run(document, { resultTypes: ['violations'], iframes: false });
  })()`;
  const client = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await client.send('Page.getFrameTree');
    const { executionContextId } = await client.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id });
    const { result, exceptionDetails } = await client.send('Runtime.evaluate', {
      expression: run,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails)
      throw new Error(`axe-core: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    const { violations } = result.value as AxeResults;
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  } finally {
    await client.detach();
  }
};
