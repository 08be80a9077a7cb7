/*
 * The second half of `npm run build:client`: puts what belongs to a package beside what tsc has compiled. The version and the
 * versions of what it needs are those of the whole project. usage: node assemble.mjs FOLDER
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const needed = ['jose', 'kafkajs'];
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

const target = resolve(process.argv[2] ?? join(root, 'dist/npm/client'));
const project = read(join(root, 'package.json'));
const manifest = {
  ...read(fileURLToPath(new URL('package.json', import.meta.url))),
  version: project.version,
  dependencies: Object.fromEntries(needed.map((name) => [name, project.dependencies[name]])),
};
writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
copyFileSync(fileURLToPath(new URL('README.md', import.meta.url)), join(target, 'README.md'));
copyFileSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
