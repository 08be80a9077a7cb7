import type { NamedAction, Role, Scope } from '#access';
import { allActions, scopesByRole, stepUpScopes } from '#access';

/** Where the page lies. */
export const accessPage = 'docs/access.md';

const roles = Object.keys(scopesByRole) as Role[];

/** What asks for nobody's name. */
const openOnes = (whose: (tenancy: NamedAction['tenancy']) => boolean): NamedAction[] =>
  allActions.filter(({ scopes, tenancy }) => scopes === 'public' && whose(tenancy));

/** docs/access.md: who may do what, as a page. */
export const accessText = (): string => `# Who may do what

Made from \`libs/access/actions.ts\` by \`npm run contracts\`: change the table there, not this page. The guard of the api, the command worker,
the OpenAPI document and the attacks of \`test/attacks\` read the same table; a route or a command without a row stops the boot.

## Roles

A token's \`roles\` give scopes; its \`scope\` claim can only take some of them away. A service has the scopes and the tenants of its
registration (\`billing producers\`), and never one of those marked "second factor": they count for a person who has freshly shown one.

${table(
  ['Role', 'Scopes'],
  roles.map((role) => [code(role), scopesByRole[role].map(scopeText).join(', ')]),
)}

## Actions

**Scope**: any one of them. **Second factor**: how old it may be (RFC 9470); a service then cannot do it but with a person's token.
**Tenant**: \`own\` is the tenant of the token, or the one that \`Billing-Tenant\` names where the token is bound to none; \`platform\` is the
deployment, for tokens that are bound to no tenant. **Writes**: what a suspended tenant cannot do. **Recorded**: each use is in the access
log before it is done; so is whatever a person does for a tenant that their token is not bound to.

${table(
  ['Action', 'Route', 'Command', 'Scope', 'Second factor', 'Tenant', 'Writes', 'Recorded', ...roles.map(code)],
  allActions.filter(({ scopes }) => scopes !== 'public').map(rowOf),
)}

## Open to whoever has the link

For the tenant of the link alone, which we made and which the path holds ([ADR 11](adr/0011-checkout.md)): no token is asked for, and none helps.

${table(
  ['Action', 'Route', 'Writes'],
  openOnes((tenancy) => tenancy === 'link').map(({ name, route = '', effect }) => [
    code(name),
    code(route),
    effect === 'writes' ? 'yes' : '',
  ]),
)}

## Open to everybody

${table(
  ['Action', 'Route'],
  openOnes((tenancy) => tenancy !== 'link').map(({ name, route = '' }) => [code(name), code(route)]),
)}

\`/docs\` and \`/openapi.json\` are open too. Keys of the development issuer are only there while no other issuer is configured.
`;

const rowOf = ({ name, route, command, scopes, stepUpSeconds, tenancy, effect, privileged }: NamedAction): string[] => [
  code(name),
  route === undefined ? '' : code(route),
  command === undefined ? '' : code(command),
  [scopes].flat().map(code).join(' or '),
  stepUpSeconds === undefined ? '' : `${stepUpSeconds} s`,
  tenancy,
  effect === 'writes' ? 'yes' : '',
  privileged === true ? 'yes' : '',
  ...roles.map((role) => (scopesByRole[role].some((scope) => scopes.includes(scope)) ? 'yes' : '')),
];

const code = (text: string): string => `\`${text}\``;

const scopeText = (scope: Scope): string => {
  const isTaken = allActions.some(({ scopes }) => scopes !== 'public' && scopes.includes(scope));
  const marks = [...(stepUpScopes.has(scope) ? ['second factor'] : []), ...(isTaken ? [] : ['no action takes it yet'])];
  return marks.length === 0 ? code(scope) : `${code(scope)} (${marks.join('; ')})`;
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
