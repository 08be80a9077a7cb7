import { ConfigurationError } from '#platform/configuration';
import { Command } from 'commander';

import { UsageError, orUsage, refusingUsage } from '../usage.js';
import type { Difference } from './compare.js';
import { differences, isTrial } from './compare.js';
import type { Inventory } from './inventory.js';
import { inventoryFile, inventoryName, readInventory } from './inventory.js';
import type { LoadedPage } from './page.js';
import { PageUnavailable, builtPage, livePage } from './page.js';

interface CheckOptions {
  url?: string;
  inventory?: string;
  json?: boolean;
}

/** The exit code where nothing could be looked at: EX_UNAVAILABLE of sysexits.h. */
const exitUnavailable = 69;

/** `billing pci scripts check`: holds the payment page against the inventory. */
export const checkCommand = (): Command => {
  const command = refusingUsage(new Command('check'))
    .summary('hold the checkout page against the inventory of its scripts; a difference ends with 1')
    .description(
      'Holds what the checkout page loads against the reviewed inventory: every script with its integrity and, of a live ' +
        'page, the bytes that are served and the headers. Without --url it is the page of this build. A difference ends ' +
        'with 1, a page that could not be looked at with 69, a missing or incomplete inventory with 78.',
    )
    .option('--url <url>', 'the page of an open checkout session, as it is served')
    .option('--inventory <file>', `the inventory (default: ${inventoryName})`)
    .option('--json', 'print one JSON object')
    .action((options: CheckOptions) =>
      orUsage(command, async () => {
        const url = options.url === undefined ? undefined : addressOf(options.url);
        try {
          await check(url, options);
        } catch (error) {
          sayUnlooked(error, options);
        }
      }),
    );
  return command;
};

const check = async (url: URL | undefined, options: CheckOptions): Promise<void> => {
  const inventory = readInventory(options.inventory ?? inventoryFile());
  const page = url === undefined ? await builtPage() : await livePage(url);
  const found = differences(inventory, page);
  console.log(options.json ? JSON.stringify(asJson(inventory, page, found)) : asText(inventory, page, found));
  if (found.length > 0) process.exitCode = 1;
};

/** Says why there is no answer; with --json as an object, too. Throws what is not about the page. */
const sayUnlooked = (error: unknown, { json }: CheckOptions): void => {
  const isUnavailable = error instanceof PageUnavailable;
  if (!isUnavailable && !(error instanceof ConfigurationError)) throw error;
  if (json) console.log(JSON.stringify({ ok: false, error: error.message }));
  if (!isUnavailable) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = exitUnavailable;
};

const addressOf = (text: string): URL => {
  if (!URL.canParse(text)) throw new UsageError('--url must be the address of a checkout page');
  const url = new URL(text);
  const isHere = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isHere))
    throw new UsageError('--url must be https: what comes over http is nobody’s word');
  return url;
};

const checkedOf = (page: LoadedPage): string => (page.headers ? page.url.origin : 'this build');

const asJson = (inventory: Inventory, page: LoadedPage, found: Difference[]): Record<string, unknown> => ({
  ok: found.length === 0,
  page: inventory.page,
  checked: checkedOf(page),
  standIn: isTrial(page),
  scripts: page.scripts.map(({ src, integrity }) => ({ src, integrity })),
  headers: page.headers !== undefined,
  differences: found,
});

const asText = (inventory: Inventory, page: LoadedPage, found: Difference[]): string => {
  const what = `${inventory.page} of ${checkedOf(page)}`;
  if (found.length > 0)
    return [
      `${what} is not what was authorised:`,
      ...found.map(({ subject, problem }) => `  ${subject}: ${problem}`),
      hintFor(page, found),
    ].join('\n');
  const headers = page.headers ? ' and its headers are' : ' (headers are looked at with --url) is';
  const trial = isTrial(page) ? ' Stripe.js came from a stand-in on this machine.' : '';
  return `${what}: each of its ${page.scripts.length} scripts${headers} as the inventory says.${trial}`;
};

/** What to do where the change is wanted. */
const hintFor = (page: LoadedPage, found: readonly Difference[]): string => {
  const isOfThisBuild = page.headers === undefined && found.some(({ isOurChange }) => isOurChange);
  return isOfThisBuild
    ? 'Where the change of our script is wanted: review it, then `billing pci scripts update --by NAME` (docs/pci.md).'
    : 'Where the change is wanted: review it, and write it into the inventory by hand (docs/pci.md).';
};
