import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const installed = (name: string): string => join(process.cwd(), 'node_modules', name);

/** The compiler of the project. */
export const tsc = installed('typescript/bin/tsc');

/** Builds and packs the client in `folder`, as `npm run build:client` and `npm pack` do. Gives the tarball and the names in it. */
export const packClient = async (folder: string): Promise<{ tarball: string; paths: string[] }> => {
  await run(process.execPath, [tsc, '-p', 'libs/client/npm', '--outDir', join(folder, 'dist')]);
  await run(process.execPath, ['libs/client/npm/assemble.mjs', folder]);
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--offline'], { cwd: folder });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  if (!packed) throw new Error('npm packed nothing');
  return { tarball: join(folder, packed.filename), paths: packed.files.map(({ path }) => path) };
};

/** Makes `project` a package with the client installed, and what it needs taken from here: nothing is fetched. */
export const installClient = async (tarball: string, project: string, more: readonly string[] = []): Promise<void> => {
  const unpacked = join(project, 'unpacked');
  const modules = join(project, 'node_modules');
  for (const folder of [unpacked, join(modules, '@billing-service'), join(modules, '@types')])
    await mkdir(folder, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', unpacked]);
  await cp(join(unpacked, 'package'), join(modules, '@billing-service/client'), { recursive: true });
  const { dependencies } = JSON.parse(await readFile(join(unpacked, 'package/package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), ...more]) await symlink(installed(name), join(modules, name));
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
};
