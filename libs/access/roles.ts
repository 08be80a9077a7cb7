/** What a token allows. These words are answers of the API: add, never rename. */
export type Scope =
  | 'billing:read'
  | 'billing:write'
  | 'billing:refund'
  | 'billing:review'
  | 'billing:admin'
  | 'billing:payout:trigger'
  | 'billing:audit';

/** Who gets which scopes. A token's own `scope` claim can only take some of them away. */
export const scopesByRole = {
  tenant_admin: ['billing:read', 'billing:write', 'billing:refund', 'billing:review'],
  platform_admin: ['billing:read', 'billing:admin', 'billing:payout:trigger', 'billing:review'],
  auditor: ['billing:audit'],
} as const satisfies Record<string, readonly Scope[]>;

export type Role = keyof typeof scopesByRole;

export const isRole = (word: string): word is Role => Object.hasOwn(scopesByRole, word);

/** Scopes that count only for a person who has freshly shown a second factor, and never for a service. */
export const stepUpScopes: ReadonlySet<Scope> = new Set(['billing:refund', 'billing:review', 'billing:payout:trigger']);

/** The scopes that `roles` give, narrowed to the words of `scopeClaim` (RFC 6749 section 3.3, space-delimited) where there is one. */
export const scopesOf = (roles: readonly Role[], scopeClaim?: string): ReadonlySet<Scope> => {
  const given: Scope[] = roles.flatMap((role) => [...scopesByRole[role]]);
  if (scopeClaim === undefined) return new Set(given);
  const asked = new Set<string>(scopeClaim.split(' '));
  return new Set(given.filter((scope) => asked.has(scope)));
};
