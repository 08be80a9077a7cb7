import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ConfigurationError } from '#platform/configuration';

/** A script that the payment page may load, and why (PCI DSS 4.0.1, 6.4.3). */
export interface InventoriedScript {
  name: string;
  /** The file of ours that it is, or the address that it is loaded from. */
  source: string;
  purpose: string;
  /** Who allowed it to be in the page, as it is. */
  authorisedBy: string;
  /** `2026-11-21`. */
  authorisedOn: string;
  /** Of a script of ours: what its bytes are, as the attribute `integrity` has it. */
  integrity?: string;
  /** Of a script of somebody else's: how it is known to be theirs. */
  assuredBy?: string;
}

/** The reviewed file of what the payment page loads and which headers it is sent with. */
export interface Inventory {
  page: string;
  scripts: InventoriedScript[];
  /** Of the Content-Security-Policy: the sources of each directive; `'nonce'` stands for any nonce. */
  policy: Record<string, string>;
  /** Other headers that protect the page (11.6.1), with lower-case names. */
  headers: Record<string, string>;
}

/** A file of this project, from the sources and from what is built of them. */
const ofProject = (path: string): string => {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, path);
    if (folder === dirname(folder)) throw new Error('package.json is in no folder above this file');
  }
};

export const inventoryName = 'docs/pci/scripts.json';
export const inventoryFile = (): string => ofProject(inventoryName);

/** Reads an inventory. Throws ConfigurationError for a file that is none, or that leaves something out. */
export const readInventory = (file: string): Inventory => {
  let found: Partial<Inventory> | null;
  try {
    found = JSON.parse(readFileSync(file, 'utf8')) as Partial<Inventory> | null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(`${file} is no inventory: ${code === undefined ? 'it is no JSON' : message}`);
  }
  const { page, scripts, policy, headers } = found ?? {};
  if (typeof page !== 'string' || !Array.isArray(scripts) || !policy || !headers)
    throw new ConfigurationError(`${file} must have page, scripts, policy and headers`);
  for (const script of scripts) assertWhole(file, script);
  return { page, scripts, policy, headers };
};

const assertWhole = (file: string, script: InventoriedScript): void => {
  const needed = ['name', 'source', 'purpose', 'authorisedBy', 'authorisedOn'] as const;
  const missing = needed.find((key) => typeof script[key] !== 'string' || script[key] === '');
  if (missing) throw new ConfigurationError(`${file}: the script ${script.name ?? '?'} lacks ${missing}`);
  if (script.integrity === undefined && script.assuredBy === undefined)
    throw new ConfigurationError(`${file}: ${script.name} needs integrity, or assuredBy where it is not ours`);
};

/** Writes it as the formatter would. */
export const writeInventory = (file: string, inventory: Inventory): void => {
  writeFileSync(file, `${JSON.stringify(inventory, undefined, 2)}\n`);
};
