import { DirectoryStore } from '#object-store';
import pg from 'pg';

import { MerkleAnchor } from '../anchor.js';
import { ObjectStoreAnchor } from '../anchors/index.js';
import { anchorOptions, anchorPathIn } from './anchor-options.js';
import { Mortality, mortalPool, mortalStore } from './mortality.js';

/** A process of its own that seals, until SIGKILL ends it at its `at`-th write. Arguments: database URL, directory, `at`, `before` or `after`. */
const [databaseUrl = '', directory = '', at = '', when = ''] = process.argv.slice(2);

const life = new Mortality(Number(at), when === 'before' ? 'before' : 'after', () => {
  process.kill(process.pid, 'SIGKILL');
});
const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
const options = anchorOptions(pool, databaseUrl, directory);
new MerkleAnchor({
  ...options,
  pool: mortalPool(pool, life),
  store: mortalStore(options.store, life),
  anchors: [new ObjectStoreAnchor(mortalStore(new DirectoryStore(anchorPathIn(directory)), life))],
}).start();
