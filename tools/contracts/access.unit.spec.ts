import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { allActions, scopesByRole } from '#access';

import { accessPage, accessText } from './access.js';
import { pretty } from './contracts.js';

describe('docs/access.md', () => {
  it('is what the table says: if not, run `npm run contracts` and look at what changes', async () => {
    expect(await readFile(join(process.cwd(), accessPage), 'utf8')).toBe(await pretty(accessPage, accessText()));
  });

  it('has a row for every action, with its route and its command, and one for every role', () => {
    const rows = accessText().split('\n');
    const rowOf = (name: string) => rows.filter((row) => row.startsWith(`| \`${name}\` |`));
    for (const { name, route = '', command = '' } of allActions) {
      expect([name, rowOf(name)]).toEqual([name, [expect.stringContaining(route)]]);
      expect([name, rowOf(name)]).toEqual([name, [expect.stringContaining(command)]]);
    }
    for (const role of Object.keys(scopesByRole)) expect(rowOf(role)).toHaveLength(1);
  });
});
