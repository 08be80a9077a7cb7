import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { publishedFolder } from './contracts.js';
import type { Schema } from './schema.js';

/** The schemas that others rely on, by their path below `docs/contracts/published`; none before the first publication. */
export const readPublished = async (root: string): Promise<Map<string, Schema>> => {
  const folder = join(root, publishedFolder);
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.json')).sort();
  return new Map(
    await Promise.all(
      files.map(async (name): Promise<[string, Schema]> => [
        name,
        JSON.parse(await readFile(join(folder, name), 'utf8')) as Schema,
      ]),
    ),
  );
};

const versioned = /^(.+)\.v(\d+)\.json$/;

/**
 * `current` with the older versions of its schemas as they were published: records of an old version stay in the topic for ever, so that
 * a version 2 is added beside version 1 and not put in its place.
 */
export const withOlderVersions = (
  current: ReadonlyMap<string, Schema>,
  older: ReadonlyMap<string, Schema>,
): Map<string, Schema> => {
  const newest = new Map([...current.keys()].flatMap((file) => versionOf(file)));
  const kept = [...older].filter(([file]) => {
    const [name, version] = versionOf(file)[0] ?? [];
    return name !== undefined && version !== undefined && version < (newest.get(name) ?? 0);
  });
  return new Map([...kept, ...current]);
};

const versionOf = (file: string): [name: string, version: number][] => {
  const [, name, version] = versioned.exec(file) ?? [];
  return name === undefined ? [] : [[name, Number(version)]];
};
