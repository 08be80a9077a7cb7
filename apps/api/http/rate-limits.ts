import type { ActionName, Principal } from '#access';
import type { RateLimit, RateLimitSettings } from '#platform/configuration';
import type { Standing } from '#platform/http';
import { DeniedNetworks, KeyedLimit, tooMany } from '#platform/http';
import type { Registry } from '#platform/metrics';
import { Counter } from '#platform/metrics';
import type { FastifyReply } from 'fastify';

/**
 * Routes that a caller has less of than RATE_LIMIT_ROUTE gives: those that move money out, and those that change who may do what. What
 * nobody does hundreds of times a minute is refused to whoever does.
 */
export const strictRoutes: Partial<Record<ActionName, RateLimit>> = {
  'refunds.create': { requests: 600, seconds: 60 },
  'connected-accounts.link': { requests: 120, seconds: 60 },
  'tenants.add': { requests: 120, seconds: 60 },
  'tenants.list': { requests: 300, seconds: 60 },
  'tenants.get': { requests: 300, seconds: 60 },
  'tenants.suspend': { requests: 120, seconds: 60 },
  'tenants.reinstate': { requests: 120, seconds: 60 },
};

type Policy = 'tenant' | 'subject' | 'route';

const details: Record<Policy, string> = {
  tenant: 'this tenant has sent more requests than it may; wait as long as Retry-After says',
  subject: 'this caller has sent more requests than it may; wait as long as Retry-After says',
  route: 'this caller has asked this more often than it may; wait as long as Retry-After says',
};

/**
 * How much a caller may ask, counted in this process alone: n processes together admit up to n times as much. `RateLimit-Policy` and
 * `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers-11.
 */
export class RateLimits {
  readonly #limits: Partial<Record<Policy, KeyedLimit>>;
  readonly #strict: ReadonlyMap<string, KeyedLimit>;
  readonly #networks: DeniedNetworks;
  readonly #refused: Counter<'policy'>;
  /** `RateLimit-Policy` by action, of callers with a tenant and of those without: it never changes. */
  readonly #described = { own: new Map<ActionName, string>(), platform: new Map<ActionName, string>() };

  constructor({ tenant, subject, route, denied }: RateLimitSettings, metrics: Registry) {
    this.#limits = {
      ...(tenant && { tenant: new KeyedLimit(tenant) }),
      ...(subject && { subject: new KeyedLimit(subject) }),
      ...(route && { route: new KeyedLimit(route) }),
    };
    this.#strict = new Map(
      Object.entries(strictRoutes).map(([action, strict]) => [action, new KeyedLimit(lesser(strict, route), 10_000)]),
    );
    this.#networks = new DeniedNetworks(denied);
    this.#refused = new Counter({
      name: 'billing_api_rate_limited_total',
      help: 'Requests that were answered with 429, by the limit they were over: tenant, subject, route, or denied for networks whose requests keep being denied',
      labelNames: ['policy'],
      registers: [metrics],
    });
  }

  /**
   * Counts a request with its caller's own limits and sets the headers that tell how it stands. Throws ProblemError 429 with Retry-After
   * beyond one of them. What it gives is for `admitTenant`.
   */
  async admit(
    { subject }: Pick<Principal, 'subject'>,
    tenantId: string | undefined,
    action: ActionName,
    reply: Pick<FastifyReply, 'header'>,
  ): Promise<Admission> {
    const ofRoute = this.#ofRoute(action);
    const { tenant: ofTenant, subject: ofSubject } = this.#limits;
    let tightest: Tightest | undefined;
    if (ofSubject) tightest = tighter(tightest, 'subject', ofSubject, await ofSubject.count(subject));
    if (ofRoute && tightest?.standing.admitted !== false)
      tightest = tighter(tightest, 'route', ofRoute, await ofRoute.count(`${action} ${subject}`));
    if (tightest ?? (ofTenant && tenantId !== undefined))
      reply.header('ratelimit-policy', this.#policies(action, tenantId));
    if (tightest) this.#told(tightest, reply);
    return { tenantId, reply, tightest };
  }

  /**
   * Counts an admitted request with its tenant's limit. Comes once it is known that the caller may ask this at all: nobody without a right
   * takes anything from their tenant. Throws as `admit` does.
   */
  async admitTenant({ tenantId, reply, tightest: own }: Admission): Promise<void> {
    const { tenant: ofTenant } = this.#limits;
    if (!ofTenant || tenantId === undefined) return;
    const tightest = tighter(own, 'tenant', ofTenant, await ofTenant.count(tenantId));
    if (tightest !== own) this.#told(tightest, reply);
  }

  /** Takes note that a request from `whence` (an address, or a service's SPIFFE id) was denied. */
  denied(whence: string): void {
    this.#networks.denied(whence);
  }

  /** Throws ProblemError 429 while too many requests from `whence` or its network were denied, but for one that `isProved`. */
  assertNotFlooding(whence: string, isProved: () => boolean): void {
    try {
      this.#networks.assertNotFlooding(whence);
    } catch (refusal) {
      if (isProved()) return;
      this.#refused.inc({ policy: 'denied' });
      throw refusal;
    }
  }

  #told({ policy, standing }: Tightest, reply: Pick<FastifyReply, 'header'>): void {
    reply.header('ratelimit', `"${policy}";r=${standing.remaining};t=${standing.resetSeconds}`);
    if (standing.admitted) return;
    this.#refused.inc({ policy });
    throw tooMany(policy, details[policy], standing.resetSeconds);
  }

  #ofRoute(action: ActionName): KeyedLimit | undefined {
    return this.#limits.route && (this.#strict.get(action) ?? this.#limits.route);
  }

  #policies(action: ActionName, tenantId: string | undefined): string {
    const described = this.#described[tenantId === undefined ? 'platform' : 'own'];
    const known = described.get(action);
    if (known !== undefined) return known;
    const { subject, tenant } = this.#limits;
    const text = Object.entries({
      subject,
      route: this.#ofRoute(action),
      ...(tenantId !== undefined && { tenant }),
    })
      .flatMap(([policy, of]) => (of ? [`"${policy}";q=${of.limit.requests};w=${of.limit.seconds}`] : []))
      .join(', ');
    described.set(action, text);
    return text;
  }
}

/** A request that its caller's own limits have let in. */
export interface Admission {
  readonly tenantId: string | undefined;
  readonly reply: Pick<FastifyReply, 'header'>;
  readonly tightest: Tightest | undefined;
}

/** The limit that a caller is nearest to, or over. */
interface Tightest {
  policy: Policy;
  standing: Standing;
  /** What is left of it, from 0 to 1. */
  share: number;
}

const tighter = (before: Tightest | undefined, policy: Policy, { limit }: KeyedLimit, standing: Standing): Tightest => {
  const share = standing.admitted ? standing.remaining / limit.requests : -1;
  return before && before.share <= share ? before : { policy, standing, share };
};

/** The one that admits fewer requests a second. */
const lesser = (strict: RateLimit, other: RateLimit | undefined): RateLimit =>
  other && other.requests / other.seconds < strict.requests / strict.seconds ? other : strict;
