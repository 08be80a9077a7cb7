import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { breaksPublished } from './compatibility.js';
import {
  generatedFiles,
  json,
  pretty,
  publishedFolder,
  readContracts,
  schemaFiles,
  schemaFolder,
} from './contracts.js';
import { readPublished, withOlderVersions } from './published.js';

/**
 * `npm run contracts` writes docs/contracts, docs/access.md and the client's types from the code. With `--publish` it also takes the schemas into
 * docs/contracts/published, by which changes are judged from then on. Exit 1 when a schema breaks a published one.
 */
const root = process.cwd();

const write = async (path: string, text: string): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
};

const contracts = await readContracts(root);
const published = await readPublished(root);
const schemas = withOlderVersions(schemaFiles(contracts), published);
await rm(join(root, schemaFolder), { recursive: true, force: true });
for (const [path, text] of await generatedFiles(contracts, schemas)) await write(path, text);
process.stdout.write(
  `${schemas.size} schemas and asyncapi.json are in docs/contracts, who may do what is in docs/access.md\n`,
);

const breaks = breaksPublished(published, schemas);
for (const each of breaks) process.stderr.write(`breaks what was published: ${each}\n`);
if (breaks.length > 0) {
  process.stderr.write('Give the type a new version, and leave the published one as it was.\n');
  process.exitCode = 1;
} else if (process.argv.includes('--publish')) {
  for (const [file, schema] of schemas) {
    const path = `${publishedFolder}/${file}`;
    await write(path, await pretty(path, json(schema)));
  }
  process.stdout.write(`published in ${publishedFolder}\n`);
}
