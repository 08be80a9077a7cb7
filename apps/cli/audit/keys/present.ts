import type { AuditKeys } from '#domain/audit-key';
import { signingKeysOf } from '#domain/audit-key';
import Table from 'cli-table3';

import type { ShownKey } from './key-register.js';

export const tableOf = (keys: readonly ShownKey[]): string => {
  const table = new Table({
    head: ['key', 'status', 'kind', 'introduced', 'retired', 'receipt'],
    style: { head: [], border: [], compact: true },
  });
  for (const { keyName, status, algorithm, introducedAt, retiredAt, receipt } of keys)
    table.push([keyName, status, algorithm, introducedAt, retiredAt ?? '', receipt ? 'published' : 'not yet']);
  return [table.toString(), '', ...keys.map(({ keyName, vkey }) => `${keyName}: ${vkey}`)].join('\n');
};

export const noKeys = 'no key signs the log yet: billing audit keys rotate introduces the first';

/** What has happened with a key that was introduced, and what comes next. */
export const afterIntroduction = (state: AuditKeys, keyName: string): string => {
  const signing = signingKeysOf(state);
  const vkey = signing.find((key) => key.keyName === keyName)?.vkey ?? '';
  const older = signing.filter((key) => key.keyName !== keyName).map((key) => key.keyName);
  const [before] = older;
  if (before === undefined)
    return [
      `${keyName} signs the audit log from the next checkpoint on.`,
      `  ${vkey}`,
      '',
      'Next:',
      '  give this line to everybody who is to verify the log, by a way that nobody else can write to: they pin it',
    ].join('\n');
  return [
    `${keyName} signs the audit log beside ${older.join(' and ')} from the next checkpoint on.`,
    `  ${vkey}`,
    '',
    'Next:',
    '  npx --no billing audit keys list',
    `      until it shows the receipt of ${keyName} as published: whoever pinned ${before} can follow from then on`,
    '  tell those who verify the log; who exports it, exports again',
    `  npx --no billing audit keys retire ${before}`,
    '      when they have had their time, such as a month',
  ].join('\n');
};

export const afterRetirement = (state: AuditKeys, keyName: string): string => {
  const signing = signingKeysOf(state).map((key) => key.keyName);
  return [
    `${keyName} signs no checkpoint from the next one on; ${signing.join(' and ')} ${signing.length > 1 ? 'do' : 'does'}.`,
    `Keep its public key: what it signed stays good. Disable it in the key management once the next checkpoint is published, and never delete its name there before.`,
  ].join('\n');
};
