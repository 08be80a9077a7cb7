import type { Reach, Table, Verb } from './catalogue.js';
import { shortRole } from './catalogue.js';

/** Where docs/tenancy.md has what `accessTables` writes. */
export const [begin, end] = ['<!-- made from the catalogue -->', '<!-- end of it -->'];

const letters: Record<Verb, string> = { select: 'r', insert: 'a', update: 'w', delete: 'd' };

/** `api r` for each role: what it does, with `*` where it is about some columns only, and `?` where about some rows. */
const marks = (reaches: readonly Reach[]): string => {
  const ofRole = new Map<string, string>();
  for (const verb of Object.keys(letters) as Verb[])
    for (const { role, columns, otherwise } of reaches.filter((reach) => reach.verb === verb)) {
      const some = otherwise.length > 0 && !otherwise.includes('true') ? '?' : '';
      const mark = `${letters[verb]}${columns ? '*' : ''}${some}`;
      ofRole.set(shortRole(role), `${ofRole.get(shortRole(role)) ?? ''}${mark}`);
    }
  return (
    [...ofRole]
      .map(([role, does]) => `${role} \`${does}\``)
      .sort()
      .join(', ') || '-'
  );
};

/** Which role may do what with which table, as two tables of Markdown. */
export const accessTables = (tables: readonly Table[], reaches: readonly Reach[]): string => {
  const of = (name: string, wanted: (reach: Reach) => boolean) =>
    marks(reaches.filter((reach) => reach.table === name && wanted(reach)));
  const isBeyond = ({ otherwise }: Reach) => otherwise.length > 0;
  const ofTenants = tables
    .filter(({ tenants }) => tenants)
    .map(({ name }) => `| ${name} | ${of(name, (reach) => !isBeyond(reach))} | ${of(name, isBeyond)} |`);
  const ofPlatform = tables
    .filter(({ tenants }) => !tenants)
    .map(({ name }) => `| ${name} | ${of(name, () => true)} |`);
  return [
    '| table of tenants | rows of the tenant in context | rows beyond it |',
    '|---|---|---|',
    ...ofTenants,
    '',
    '| table of the platform | |',
    '|---|---|',
    ...ofPlatform,
  ].join('\n');
};

/** The page with the tables as they are now. Throws where it has no place for them. */
export const withTables = (page: string, tables: string): string => {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`docs/tenancy.md must have a line "${begin}" and, after it, a line "${end}"`);
  return `${page.slice(0, from)}${begin}\n\n${tables}\n\n${page.slice(to)}`;
};
