import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { setTimeout as sleep } from 'node:timers/promises';

import type pg from 'pg';

import { testKafka } from '../kafka/suite.js';

/** Everything that is in a place, as text; what is written in hexadecimal or base64 there stands below it once more, decoded. */
export type Found = Record<string, string>;

/** Every table of every schema of ours, each row with all its columns. */
export const tablesOf = async (admin: pg.Pool): Promise<Found> => {
  const { rows } = await admin.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'm') and not c.relispartition and n.nspname !~ '^pg_|^information_schema$'`,
  );
  const found: Found = {};
  for (const { name } of rows) {
    const { rows: lines } = await admin.query<{ line: string }>(`select t::text as line from ${name} t`);
    found[`table ${name}`] = withDecoded(lines.map(({ line }) => line).join('\n'));
  }
  return found;
};

/** Every record of every topic with the prefix: key, headers and value. */
export const topicsOf = async (brokers: string[], prefix: string): Promise<Found> => {
  const kafka = testKafka(brokers);
  const admin = kafka.admin();
  await admin.connect();
  const names = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
  const ends = new Map(
    await Promise.all(names.map(async (name) => [name, await admin.fetchTopicOffsets(name)] as const)),
  );
  await admin.disconnect();
  const missing = new Set(
    [...ends].flatMap(([name, partitions]) =>
      partitions.filter(({ low, high }) => high !== low).map(({ partition }) => `${name}/${partition}`),
    ),
  );
  const texts = new Map(names.map((name) => [name, [] as string[]]));
  const consumer = kafka.consumer({ groupId: `${prefix}search`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics: names, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: ({ topic, partition, message: { key, value, headers = {}, offset } }) => {
      const told = Object.entries(headers).map(([name, each]) => `${name}: ${String(each)}`);
      texts.get(topic)?.push([String(key), ...told, String(value)].join('\n'));
      const end = ends.get(topic)?.find((each) => each.partition === partition)?.high ?? '0';
      if (BigInt(offset) + 1n >= BigInt(end)) missing.delete(`${topic}/${partition}`);
      return Promise.resolve();
    },
  });
  for (let tries = 0; missing.size > 0 && tries < 500; tries += 1) await sleep(20);
  await consumer.disconnect();
  if (missing.size > 0) throw new Error(`not read to their end: ${[...missing].join(', ')}`);
  return Object.fromEntries(
    [...texts].map(([name, lines]) => [`topic ${name.slice(prefix.length)}`, withDecoded(lines.join('\n'))]),
  );
};

/** Every file below a folder. */
export const filesIn = async (folder: string): Promise<Found> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [`file ${file}`, withDecoded((await readFile(file)).toString('latin1'))] as const),
    ),
  );
};

/** What apps tell at `/metrics`. */
export const metricsAt = async (urls: readonly string[]): Promise<Found> =>
  Object.fromEntries(
    await Promise.all(
      urls.map(async (url) => [`metrics ${url}`, await (await fetch(`${url}/metrics`)).text()] as const),
    ),
  );

const withDecoded = (text: string): string => {
  const hexadecimal = Array.from(text.matchAll(/\\x((?:[0-9a-f]{2}){8,})/g), ([, hex = '']) => Buffer.from(hex, 'hex'));
  const base64 = Array.from(text.matchAll(/[A-Za-z0-9+/_-]{16,}/g), ([token]) => Buffer.from(token, 'base64'));
  return [text, ...[...hexadecimal, ...base64].map((bytes) => bytes.toString('latin1'))].join('\n');
};

/** Which of `needles` stand in which place. Of digits, whatever parts them. */
export const whereAre = (needles: readonly string[], places: Found): string[] =>
  Object.entries(places).flatMap(([place, text]) => {
    const close = text.replaceAll(/(?<=\d)[^0-9A-Za-z]{1,3}(?=\d)/g, '');
    return needles
      .filter((needle) => (/^\d+$/.test(needle) ? close : text).includes(needle))
      .map((needle) => `${needle} in ${place}`);
  });
