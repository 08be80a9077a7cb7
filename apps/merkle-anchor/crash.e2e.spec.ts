import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { jest } from '@jest/globals';

import { AuditedLog, longPatienceMs } from './testing/audited-log.js';

jest.setTimeout(longPatienceMs);

/** A compiled program: `npm test` builds it. */
const program = fileURLToPath(new URL('../../dist/apps/merkle-anchor/testing/mortal-process.js', import.meta.url));
/** At which writes: the record, a tile, the checkpoint or the runs; all of them in the long run. */
const writes = process.env.AUDIT_KILLS === 'all' ? Array.from({ length: 10 }, (_, at) => at + 1) : [2, 7];

it('processes that SIGKILL ends between two writes leave a log that the next one goes on with', async () => {
  const log = await AuditedLog.open();
  await log.sealAll();
  for (const at of writes) {
    for (const when of ['before', 'after']) {
      await log.append(140);
      const args = [program, log.database.url('billing_merkle_anchor'), log.directory, String(at), when];
      const child = spawn(process.execPath, args, { stdio: 'inherit' });
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      expect([at, when, signal]).toEqual([at, when, 'SIGKILL']);
      await log.endLease();
    }
  }
  await log.sealAll();
  expect((await log.verify()).checkpoint.size).toBe(await log.events());
  await log.close();
});
