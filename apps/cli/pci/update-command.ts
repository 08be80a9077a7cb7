import { Command, InvalidArgumentError } from 'commander';

import { inventoryFile, inventoryName, readInventory, writeInventory } from './inventory.js';
import { builtPage } from './page.js';
import { refusingUsage } from '../usage.js';

interface UpdateOptions {
  by: string;
  inventory?: string;
}

/** `billing pci scripts update`: a person authorises our scripts as this build has them. */
export const updateCommand = (): Command =>
  refusingUsage(new Command('update'))
    .summary('authorise our own scripts as this build has them, after a review')
    .description(
      'Writes the integrity of our own scripts, as this build has them, into the inventory, with who authorised it and today’s ' +
        'date. A script that is new or gone is written into or out of the file by hand: why it is needed is a person’s to say.',
    )
    .requiredOption('--by <name>', 'who has reviewed the change and authorises it', nameGiven)
    .option('--inventory <file>', `the inventory (default: ${inventoryName})`)
    .action(async ({ by, inventory: given }: UpdateOptions) => {
      const file = given ?? inventoryFile();
      const inventory = readInventory(file);
      const { contents } = await builtPage();
      const now = new Map([...contents].map(([src, integrity]) => [nameOf(src), integrity]));
      const today = new Date().toISOString().slice(0, 10);
      const changed: string[] = [];
      const scripts = inventory.scripts.map((script) => {
        const integrity = now.get(script.name);
        if (integrity === undefined || integrity === script.integrity) return script;
        changed.push(script.name);
        return { ...script, authorisedBy: by, authorisedOn: today, integrity };
      });
      if (changed.length > 0) writeInventory(file, { ...inventory, scripts });
      console.log(changed.length > 0 ? `Authorised by ${by}: ${changed.join(', ')}.` : 'Nothing has changed.');
    });

const nameGiven = (text: string): string => {
  if (text.trim() === '') throw new InvalidArgumentError('somebody has to authorise it');
  return text.trim();
};

/** `/checkout/assets/checkout.<hash>.js` is `checkout.js`. */
const nameOf = (src: string): string => src.replace(/^.*\//, '').replace(/\.[0-9a-f]{16}\./, '.');
