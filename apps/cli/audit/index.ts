import { Command } from 'commander';

import { refusingUsage } from '../usage.js';
import { exportCommand } from './export/index.js';
import { auditKeysCommand } from './keys/index.js';
import { verifyCommand } from './verify/index.js';

/** `billing audit`: the audit log, for operators and for outsiders. */
export const auditCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('audit'))
    .summary('export and verify the audit log')
    .description('The Merkle-anchored audit log: what was sealed, and whether it still stands (docs/audit.md).')
    .addCommand(exportCommand(environment))
    .addCommand(verifyCommand())
    .addCommand(auditKeysCommand(environment));
