import { DevelopmentIssuer } from '#access';
import { developmentIssuer } from '#platform/configuration';
import { demoTenants } from '#platform/migrate';
import { Command } from 'commander';
import { join } from 'node:path';

import { refusingUsage } from '../usage.js';
import { DemoClient } from './client.js';
import { startDemoStandalone } from './standalone.js';
import { playStory } from './story.js';

/** `billing demo`: starts a standalone of its own, plays a few payments on it, shows what they left, and stops it. */
export const demoCommand = (environment: NodeJS.ProcessEnv): Command =>
  refusingUsage(new Command('demo'))
    .summary('play a few payments on a standalone of its own')
    .description(
      'Starts a standalone on free ports with a database of its own, charges, captures, refunds, shows events and books, verifies the receipt of its refund offline, and stops it.',
    )
    .action(async () => {
      const print = (line: string) => {
        console.log(line);
      };
      print('Starting Postgres, the Stripe sandbox and the service ...');
      const standalone = await startDemoStandalone(environment);
      try {
        print(`Running at ${standalone.url}, on real Postgres.\n`);
        const issuer = await DevelopmentIssuer.open({
          environment: 'development',
          keyPath: join(standalone.dataDirectory, 'development-issuer.json'),
          issuer: developmentIssuer,
          audience: environment.AUTH_AUDIENCE ?? 'billing-service',
        });
        const admin = { tenantId: demoTenants[0].id, role: 'tenant_admin', subject: 'demo' } as const;
        const client = new DemoClient(standalone.url, await issuer.issue(admin));
        const refundToken = await issuer.issue({ ...admin, mfa: true });
        await playStory(client, refundToken, standalone.dataDirectory, print);
        print('\nEverything did what it should. `npm start` keeps one running.');
      } finally {
        await standalone.stop();
      }
    });
