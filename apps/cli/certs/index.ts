import { Command } from 'commander';

import { refusingUsage } from '../usage.js';
import { devCommand } from './dev-command.js';

/** `billing certs`: certificates for a trial of mTLS. */
export const certsCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('certs'))
    .summary('certificates for a trial of mTLS')
    .description(
      'Certificates for a trial of mTLS. In production they come from SPIRE, cert-manager or an authority of your own.',
    )
    .addCommand(devCommand(environment));
