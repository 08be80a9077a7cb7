import { Command } from 'commander';

import { refusingUsage } from '../usage.js';
import { checkCommand } from './check-command.js';
import { updateCommand } from './update-command.js';

/** `billing pci`: what PCI DSS asks of the page that takes payments (docs/pci.md). */
export const pciCommand = (): Command =>
  refusingUsage(new Command('pci'))
    .summary('check what the checkout page loads')
    .description('What PCI DSS asks of the page that takes payments.')
    .addCommand(
      refusingUsage(new Command('scripts'))
        .summary('the inventory of the scripts of the checkout page')
        .description('The inventory of the scripts of the checkout page (PCI DSS 4.0.1, 6.4.3 and 11.6.1).')
        .addCommand(checkCommand())
        .addCommand(updateCommand()),
    );
