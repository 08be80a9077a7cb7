import type { Group } from '../groups.js';
import { standalone } from '../program.js';

/** The standalone with the apps of the specs in place of the real ones. */
const groups: Group[] = [
  {
    name: 'back',
    apps: [{ name: 'gateway', entry: new URL('./idle-app.js', import.meta.url), database: true, stripe: true }],
  },
  {
    name: 'front',
    apps: [{ name: 'api', entry: new URL('./web-app.js', import.meta.url), port: 'PORT', database: true }],
  },
];

process.exit(await standalone(groups));
