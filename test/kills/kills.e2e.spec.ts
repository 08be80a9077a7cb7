import { verifyReadModels } from '#projections';
import { roleUrl } from '#platform/migrate';
import pg from 'pg';

import { rolePasswords } from '../../apps/standalone/role-passwords.js';
import type { Part, Standalone } from '../standalone/index.js';
import { startStandalone } from '../standalone/index.js';
import { compareBooks } from './books.js';
import { Load } from './load.js';

/** How many times a process is killed; 50 with `npm run test:long -- kills`. */
const kills = Number(process.env.KILLS ?? 5);
const parts: readonly Part[] = ['front', 'back', 'sandbox', 'postgres', 'supervisor'];
/** Of each worker between two charges: the load of the short form leaves the cores to the other specs. */
const pauseMs = process.env.KILLS === undefined ? 300 : 0;
const secondsAKill = 12;

let standalone: Standalone;

beforeAll(async () => {
  standalone = await startStandalone();
}, 90_000);
afterAll(() => standalone.stop(), 60_000);

describe(`kill -9 of each process under load, ${kills} times`, () => {
  it(
    'loses nothing that was acknowledged, charges nothing twice, and catches up',
    async () => {
      const load = await Load.begin(standalone, { workers: 8, pauseMs });
      const killed = new Map<Part, number>();
      for (let at = 0; at < kills; at += 1) {
        const part = parts[at % parts.length] as Part;
        await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 1_500));
        await standalone.kill(part);
        killed.set(part, (killed.get(part) ?? 0) + 1);
        await standalone.whenReady();
      }
      await load.whenMoreThan(kills);
      const requests = await load.finish();
      console.info(`killed ${[...killed].map(([part, times]) => `${part} ${times}x`).join(', ')}; ${load.summary()}`);
      expect(load.retried).toBeGreaterThanOrEqual(kills); // what is killed while nobody wants anything proves nothing

      await load.whenProjected();
      expect(await compareBooks(standalone, load, requests)).toEqual([]);
      expect(await differencesOfReadModels()).toEqual([]);
    },
    60_000 + kills * secondsAKill * 1_000,
  );

  const differencesOfReadModels = async (): Promise<string[]> => {
    const url = roleUrl(
      standalone.adminUrl(),
      'billing_projector',
      rolePasswords(standalone.dataDirectory)('billing_projector'),
    );
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    try {
      const models = await verifyReadModels(pool);
      expect(models.reduce((rows, model) => rows + model.rows, 0)).toBeGreaterThan(0);
      return models.flatMap((model) => model.differences);
    } finally {
      await pool.end();
    }
  };
});
